"""The same work by other libraries, as their users write it; run in an environment of their own (`make bench`).

The work: a case of seven states goes its six steps. Each step reads what our `act` reads about the case (the case with
its centre and office, earlier reports that share a text or the centre, newest seal, English, sign-offs, authors, who
acted, the actor's roles, last days), checks fourteen demands, changes the state under a version check, writes one audit
row that is chained by a hash and holds the facts, and commits. They work on a copy of our database, with its rows.
"""
