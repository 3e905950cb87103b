"""Dispatches commands through the guard to the ports; no concrete adapter and no rule may live here."""
