"""Small defects put into a flow and its policies, to see whether the tests notice.

Owns: cutting a text by its tree (`tree`), the defects (`defects`) and where they are put (`find`), and what became of each
(`judge`). No file is changed.
"""
