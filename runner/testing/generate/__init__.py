"""Cases for what no test has tried yet, found by trying.

Owns: the scenarios (`scenario`), where the values of a condition come from (`sources`), which values are worth a try
(`candidates`), the search in a flow (`search`) and in a policy (`cases`), and the file that comes out (`write`). A case says what
really happened when it was run; whether that is right is its reader's part.
"""
