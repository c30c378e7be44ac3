"""How fast, and at what cost: Trainsweep beside a textbook kopf operator, on a real API server.

The way of a measurement:

    __main__.py           the command: what to measure, and how to print it
    adopt_and_delete.py   one measurement from beginning to end
      contenders.py       the operators that are measured;  textbook_operator.py is one of them
      crowd.py            the resources: made, watched and deleted by an administrator
      provider.py         the simulated provider: its jobs and its journal
      audit_log.py        what the operator wrote to the API server
      child.py            a process, its peak memory and its CPU seconds
    table.py              the figures for people

"""
