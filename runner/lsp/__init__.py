"""The language server: how editors ask, and how the answers of `editor` and `app` are told to them."""
