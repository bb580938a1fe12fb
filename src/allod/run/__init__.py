"""The node: the controller, its ports, the outbox and recovery."""
