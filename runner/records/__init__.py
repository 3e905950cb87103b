"""Record schemas: where they are found, how values are checked, and how an invalid answer is mended; no file
is written and no model or tool is called here.
"""
