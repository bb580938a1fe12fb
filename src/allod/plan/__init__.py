"""Questions over what was announced: pure, from documents to answers."""
