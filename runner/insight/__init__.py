"""Metrics, KPIs and checklists as folds over the journal; nothing here may write or decide."""
