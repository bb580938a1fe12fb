"""The gateway: calls of any OpenAI client, each answered where the law of its data allows.

`worker` is the hot path, one process per core: raw protocols on both sides, bytes passed through.
`desk` is the process beside them: files, batches, limits, records, and the link to the node.
"""
