"""Work that outlives a request: queued inside the transaction that causes it (`queue`), run by DBOS (`worker`)."""
