"""Papers in and out: Word, Excel and mail, read from people and written for them."""
