"""The rules, pure: law, class, hardware, power, room; and the engine that holds the state."""
