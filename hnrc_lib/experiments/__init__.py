"""Recorded experiments: one function per figure, from a frozen configuration to a Record."""
