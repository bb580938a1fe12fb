# A package of its own, so that Chromium is closed with its last test: while Playwright is open,
# no other test could run an event loop in the same thread.
