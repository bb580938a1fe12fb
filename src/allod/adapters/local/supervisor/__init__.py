"""The supervisor of one run: starts its command, keeps its output and limits, records its end.

It is a process of its own, so that a run outlives the node (X2). It is started with `python -I -S`
and loads next to nothing: it must be there in milliseconds and there may be many of it. That is
why it imports nothing of allod (it does not even know that it is part of it, hence the relative
imports), takes `_signal` for `signal`, whose enums cost more than all of this folder, and `os` for
`pathlib`, and does without `contextlib`. A run's folder is its working directory:

    order          what to run (commands.encode_order)
    lock           held (flock) for as long as a supervisor lives
    control        a fifo that wakes it; it carries signal numbers and POKE
    stop           a request to end; if there before the start, a tombstone
    started.json   recorded before the command may run; without it nothing has run
    status.json    how it ended; the run is over if, and only if, it is there
    work/          the command's working directory
    stdout, stdout.<offset>, stderr, stderr.<offset>   what it wrote

Start is in this order: lock, look, fork, record, release. The forked child waits for a byte before
it executes the command. If the supervisor dies first, the child reads the end of the pipe and
leaves. So whatever runs has been recorded with its process id, and nothing runs twice.
"""
