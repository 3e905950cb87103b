"""The bundled flow templates, one folder each; Python logic may not live here."""
