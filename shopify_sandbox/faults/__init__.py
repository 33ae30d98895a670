"""Planted faults: the plan, what each kind stands for, and records that leave the server malformed."""
