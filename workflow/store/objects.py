"""The library that stores documents, under a name of ours: it is loaded with the first document (`workflow/late.py`)."""

from __future__ import annotations

from obstore import delete as delete
from obstore import get as get
from obstore import get_range as get_range
from obstore import head as head
from obstore import list as list
from obstore import put as put
from obstore.exceptions import AlreadyExistsError as AlreadyExistsError
from obstore.exceptions import BaseError as BaseError
from obstore.store import LocalStore as LocalStore
from obstore.store import ObjectStore as ObjectStore
from obstore.store import S3Store as S3Store
