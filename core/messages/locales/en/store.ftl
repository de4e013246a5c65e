# The database, and what is kept in it.
database-address = the database address is not usable: { $why }; give sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME
database-address_no_scheme = it does not say the kind of database (sqlite: or postgres://)
database-address_scheme = addresses that begin with { $scheme }: are not supported
database-address_options = “{ $why }”
database-unreachable = cannot open the database { $database }: { $why }; check that it runs, and its host, port, user and password
database-no_answer = no answer within { $seconds } seconds
database-no_free_connection = no connection became free within { $seconds } s; the database may allow fewer connections than all workers together need (max_connections)
database-statement = the database refused a statement: { $why }
database-column = column { $column } of a result is missing or has another type
database-schema_empty = the database has no Huiliu schema yet; run `huiliu migrate`
database-schema_behind = the database has { $applied } of { $known } migrations; run `huiliu migrate`
database-schema_unknown = the database's schema is unknown to this version of Huiliu: it was made by a newer version or is not Huiliu's; use the newer version, or name another database
database-migration = the migration failed, and nothing was changed: { $why }
key-wrong = the root key is not the one this database was created with; give the right key (HUILIU_KEY_FILE or the data directory's root.key)
key-generation = the key file does not hold generation { NUMBER($generation, useGrouping: "false") } of this database's sealing key: the key was rotated; give the key file that `huiliu keys rotate` wrote
key-rotated_since = this database dates from before a rotation of the sealing key: it needs generation { NUMBER($needs, useGrouping: "false") }, and the key file begins at generation { NUMBER($oldest, useGrouping: "false") }; give the key file of that time, which `huiliu keys rotate` kept as root.key.before-{ NUMBER($before, useGrouping: "false") }
key-retired = the sealing key was rotated after this process started; restart it with the key file that `huiliu keys rotate` wrote
source-lease_lost = another process has taken the source over; nothing of this page was written

unreadable-payload = { $why }
unreadable-bytes = { $why }
unreadable-kept_bytes = payload { NUMBER($payload, useGrouping: "false") }: { $why }
unreadable-new_bytes = the payload cannot be read: { $why }
unreadable-connector = connector { $connector } is no longer registered; it was when the payload was received
unreadable-stream = connector { $connector } has no stream { $stream } any more
unreadable-other_layout = the current manifest finds other records in it than when it was received; read the source again with --full
unreadable-value = { $what } cannot be read: “{ $why }”
unreadable-decision_kind = decision { NUMBER($decision, useGrouping: "false") }: this program does not know the kind { $kind }
unreadable-rule_object = the rules in force contain { $name } version { NUMBER($version, useGrouping: "false") } of the kind { $kind }, which this program does not know; use a newer program
unreadable-rules = the rules in force (activation { NUMBER($activation, useGrouping: "false") }) cannot be used by this program: { $why }
unreadable-copy = SQLite reports that it is damaged: “{ $found }”
unreadable-backup = the copy { $copy } is damaged: “{ $found }”

kept-told = the stored details of a claim
kept-evidence = the evidence for a candidate
kept-samples = the samples of a registered connector
kept-replay = a stored replay
kept-roster_row = a row of the roster
kept-decision = the detail of decision { NUMBER($decision, useGrouping: "false") }

rehearsal-two_at_once = a rehearsal cannot do two things at once
rehearsal-still_held = a rehearsal that is still in use elsewhere cannot be committed
rehearsal-not_one = this database is not a rehearsal
