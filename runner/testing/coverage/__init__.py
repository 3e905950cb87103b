"""What tests have tried of a flow and its policies: steps, branches, gates, failures and the values that conditions tell apart.

Owns: the list of what there is (`points`), what a run has tried (`seen`), and the figures (`report`). Nothing is run here.
"""
