"""Services: replicas that follow the calls, and what the gateway is told to answer them by."""
