"""Rules that judge a Flow, and their reporters; no file, network or model access may live here."""
