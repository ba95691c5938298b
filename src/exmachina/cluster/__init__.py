"""Many machines: reading and experiments on Ray, an extra; nothing but this room knows it.

`connection` finds a cluster or starts one on this machine, `trials` trains on it, `tuning` too and stops early what is
behind, `predictions` reads on it.
"""
