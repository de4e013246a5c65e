# What was asked for and is not there.
run-not_found = there is no run { NUMBER($run, useGrouping: "false") }; see `huiliu runs list`
dead_letter-not_found = there is no dead letter { NUMBER($dead_letter, useGrouping: "false") }
record-not_found = there is no record { NUMBER($record, useGrouping: "false") }
record-not_found_of_teacher = there is no record { NUMBER($record, useGrouping: "false") } of a known teacher; see `huiliu records list`
replay-not_found = there is no replay { NUMBER($replay, useGrouping: "false") }
teacher-not_found = there is no teacher { NUMBER($teacher, useGrouping: "false") }
teacher-not_found_by_id_number = no teacher has this ID number
claim-not_found = there is no claim { NUMBER($claim, useGrouping: "false") }; see `huiliu identity queue`
decision-not_found = there is no decision { NUMBER($decision, useGrouping: "false") } in force; see `huiliu decisions list`
school-not_found = there is no school { $school }
region-not_found = there is no region { $region }; see `huiliu regions list`
course-not_found = there is no course "{ $course }"; see `huiliu courses list`
connector-not_found = there is no connector "{ $connector }"; see `huiliu connectors list`
source-not_found = there is no source "{ $name }"; see `huiliu sources list`
rule_pack-not_found = there is no rule pack "{ $pack }"; the rule packs are { $known }
correction-nothing = no open dead letter matches; see `huiliu dead-letters groups`
correction-too_many = { $letters } dead letters match, and one correction covers at most { $max }; correct them by cause
correction-field = stream { $stream } has no raw field "{ $field }" that its manifest reads; it reads { $known }
correction-sound = nothing is wrong with dead letter { NUMBER($dead_letter, useGrouping: "false") }: it awaits a replay; if its values are wrong, its sender must send it again
correction-not_held = there is no correction { NUMBER($correction, useGrouping: "false") } that holds; see `huiliu corrections list`
sheet-stream = the dead letters belong to several streams; name one of { $streams } with `--stream`
sheet-too_many = { $letters } dead letters match, and a sheet has at most { $max } rows; narrow it with `--cause`, `--run` or `--file`
sheet-too_many_rows = the files and pages concerned have { $rows } rows, and a sheet has at most { $max }; narrow it with `--file` or `--run`, or leave out `--all-rows`
sheet-unreadable = none of the raw records can be read now: { $why }
sheet-unknown = { $file } is no correction sheet, or its hidden column “{ $column }” is gone; export again with `huiliu corrections export`
sheet-not_zip = { $file } would be an archive and no workbook; with `--protect`, give a name that ends in .zip
sheet-too_large = the rows do not fit into a workbook ({ $why }); narrow the selection with `--cause`, `--run` or `--file`
sheet-tables = { $file } cannot be a text, because the rows stand below { $tables } different headers; give a name that ends in .xlsx, or narrow the selection with `--file`
sheet-unwritable = { $file } cannot be written: { $why }; a file that is there already is never overwritten
sheet-file = { $file } cannot be read: { $why }
sheet-large_file = { $file } is larger than { $max } bytes
column-place = place
column-errors = error
column-allowed = allowed values
sheet-damaged = { $file } cannot be read: { $why }
mapped-other_record = under the manifest of today, another raw record stands where dead letter { NUMBER($dead_letter, useGrouping: "false") } was received; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
mapped-absent = dead letter { NUMBER($dead_letter, useGrouping: "false") } has no value in raw field "{ $field }", and only a value can be mapped; correct it with `huiliu corrections add`
mapped-same = the raw field "{ $field }" has this value already; give another one
mapped-not_blamed = dead letter { NUMBER($dead_letter, useGrouping: "false") } is not parked because of its value in raw field "{ $field }", so a mapped value would not be read; see its reasons with `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
mapped-not_held = there is no mapped value { NUMBER($mapped_value, useGrouping: "false") } that holds; see `huiliu corrections mapped`
correction-twice = the raw field "{ $field }" is given twice; give it one value
suggestion-slip = a teacher of this name has this ID number, and the one received differs from it by a slip: { $slip }
suggestion-title = this source has sent the same kind of records with exactly this course title under this code
suggestion-no_teachers = no teacher is suggested for dead letter { NUMBER($dead_letter, useGrouping: "false") }; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`, or give the value with `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }`
suggestion-other_teachers = teacher { NUMBER($teacher, useGrouping: "false") } is not suggested for dead letter { NUMBER($dead_letter, useGrouping: "false") }, but { $suggested }; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`, or give the value with `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }`
suggestion-no_courses = no course is suggested for dead letter { NUMBER($dead_letter, useGrouping: "false") }; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`, or give the value with `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }`
suggestion-other_courses = the course code "{ $course }" is not suggested for dead letter { NUMBER($dead_letter, useGrouping: "false") }, but { $suggested }; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`, or give the value with `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }`
filter-source = there is no source "{ $name }"; the sources are { $known }
filter-no_source = there is no source "{ $name }"; there are no sources yet
filter-stream = there is no stream "{ $stream }"; the streams are { $known }
filter-connector = there is no connector "{ $connector }"; the connectors are { $known }
filter-run = there is no run { NUMBER($run, useGrouping: "false") }; the newest is { NUMBER($newest, useGrouping: "false") }, see `huiliu runs list`
filter-no_run = there is no run { NUMBER($run, useGrouping: "false") }; there are no runs yet
filter-reason = there is no reason code "{ $reason }"; did you mean { $nearest }?
filter-no_reason = there is no reason code "{ $reason }"; see `huiliu dead-letters list`
filter-cause = no dead letter has the cause { NUMBER($cause, useGrouping: "false") }; see `huiliu dead-letters groups`
filter-field = no dead letter has a reason about the field "{ $field }"; did you mean { $nearest }?
filter-no_field = no dead letter has a reason about the field "{ $field }"; see `huiliu dead-letters groups`
filter-file = nothing named "{ $file }" was received; see `huiliu files list`
filter-institution = there is no institution "{ $institution }"; the institutions are { $known }
filter-no_institution = there is no institution "{ $institution }"; there are no institutions yet
filter-actor = the audit log has no entry by "{ $actor }"; it has entries by { $known }
filter-action = the audit log has no action "{ $action }"; it has { $known }
filter-subject = the audit log has nothing about "{ $subject }"; name a subject as `huiliu audit` shows it, such as "replay 7", or a kind, such as "replay"

# Why an operation is not done.
dead_letter-no_other_person = dead letter { NUMBER($dead_letter, useGrouping: "false") } is not open, or its reason is not record_key.other_person; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
dead_letter-not_open = dead letter { NUMBER($dead_letter, useGrouping: "false") } is not open; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
dead_letter-not_corrected = no record was found that corrects dead letter { NUMBER($dead_letter, useGrouping: "false") }; if its row is not wanted, discard the letter with `huiliu dead-letters discard`
dead_letter-ambiguous = { $candidates } records may be the corrected record of dead letter { NUMBER($dead_letter, useGrouping: "false") }; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`, then name the record: `huiliu dead-letters close { NUMBER($dead_letter, useGrouping: "false") } --record`
dead_letter-nothing_corrected = no open dead letter of { $source } was probably corrected; see `huiliu dead-letters list --corrected`
dead_letter-not_closed = dead letter { NUMBER($dead_letter, useGrouping: "false") } was not closed by a corrected record; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
payload-not_found = there is no payload { NUMBER($payload, useGrouping: "false") } that could not be decoded; see `huiliu payloads list --all`
payload-read = payload { NUMBER($payload, useGrouping: "false") } was decoded or replaced since; see `huiliu payloads show { NUMBER($payload, useGrouping: "false") }`
payload-not_open = payload { NUMBER($payload, useGrouping: "false") } is not open; see `huiliu payloads show { NUMBER($payload, useGrouping: "false") }`
payload-not_dismissed = payload { NUMBER($payload, useGrouping: "false") } is not dismissed; see `huiliu payloads show { NUMBER($payload, useGrouping: "false") }`
payload-no_stream = payload { NUMBER($payload, useGrouping: "false") } belongs to the stream { $stream } of the connector { $connector }, which does not exist any more
payload-no_process = the process that unpacks payloads cannot be started: { $why }
source-not_held_too_long = neither source { $name } nor a batch of it is held for longer than processes ask for; the hold of a process that is gone ends by itself, see `huiliu schedules list`
notification-no_channel = the settings name nobody to tell; add [[webhook]] or [mail] to the settings file
notification-source_failed = { $event ->
    [ended] source { $source } has synced again
   *[began] source { $source } has failed to sync; see `huiliu runs list --source { $source }`
}
notification-source_late = { $event ->
    [ended] source { $source } is no longer late
   *[began] the sync of source { $source } has been due for more than an hour, and nobody runs it; see whether a worker runs
}
notification-batch_quarantined = { $event ->
    [ended] no batch of source { $source } is held any more
   *[began] { $number } batches of source { $source } are held until somebody releases them; see `huiliu batches list --quarantined`
}
notification-payload_unread = { $event ->
    [ended] every payload of source { $source } is read, replaced or dismissed
   *[began] { $number } payloads of source { $source } could not be decoded; see `huiliu payloads list --source { $source }`
}
notification-many_dead_letters = { $event ->
    [ended] the last sync of source { $source } had few unusable records
   *[began] { $number } records of the last sync of source { $source } could not be used, a tenth or more; see `huiliu dead-letters groups --source { $source }`
}
notification-replay_unapproved = { $event ->
    [ended] replay { NUMBER($replay, useGrouping: "false") } waits for no second person any more
   *[began] replay { NUMBER($replay, useGrouping: "false") } waits for a second person; see `huiliu replay show { NUMBER($replay, useGrouping: "false") }`, then approve or close it
}
notification-ledger_differs = { $event ->
    [ended] the ledger is what rules, decisions and records give again
   *[began] { $number } fields of ledger entries are not what rules, decisions and records give; see `huiliu doctor`
}
notification-test = this is a test: notifications of Huiliu arrive here
channel-url = its address cannot be used: { $why }; give one that begins with http://, https://, smtp:// or smtps://
channel-not_public = { $why }
channel-timeout = no answer within { $seconds } s
channel-unreachable = no connection: { $why }
channel-status = it answered with status { $status }
channel-mail_address = "{ $given }" is no mail address; give one such as duty@example.cn
channel-mail = the mail server did not take it: { $why }
channel-secret_env = the environment variable { $variable } is not set
channel-secret_file = the file { $file } cannot be read, or is empty
channel-no_secret = webhook { $name } has no secret; add secret_env or secret_file to it
batch-not_quarantined = batch { NUMBER($batch, useGrouping: "false") } is not quarantined; see `huiliu batches list --quarantined`
missing-not_missing = record { NUMBER($record, useGrouping: "false") } is not missing from the newest whole of its stream; see `huiliu missing list --all`
missing-nothing = there is no record that this would change; see `huiliu missing list --all`
decision-revoked_already = record { NUMBER($record, useGrouping: "false") } was already revoked, at { $at }, by { $by } (decision { NUMBER($decision, useGrouping: "false") }); to undo that, run `huiliu decisions undo { NUMBER($decision, useGrouping: "false") }`
decision-undone_already = decision { NUMBER($decision, useGrouping: "false") } was already undone, at { $at }, by { $by } (decision { NUMBER($undone_by, useGrouping: "false") })
decision-merged_into_itself = a teacher cannot be merged into itself
decision-already = decision { NUMBER($decision, useGrouping: "false") } already says the same
decision-on_roster = teacher { NUMBER($teacher, useGrouping: "false") } is on the roster, so the roster decides who this is; enter the former ID number in the roster instead
decision-moved_since = decision { NUMBER($decision, useGrouping: "false") } has since moved the same numbers; undo that decision first
match-thresholds = { $file }: thresholds: { $why }
replay-nothing = no open dead letter matches
replay-no_records = no stored record matches; those of rosters cannot be read again, they come with the next sync
replay-of_letters_only = stored records have no stage, reason code, field, cause or number of a dead letter; select them by connector, source, institution, stream, run, file, teacher or day
replay-stopped = stopped; nothing was changed, and the plan is closed
replay-too_long = it was stopped after 300 s, and one second more for each thousand records of a plan, because other work has to wait for it; nothing was changed; narrow the filter by run or code
replay-unknown = there is no replay { NUMBER($replay, useGrouping: "false") }
replay-not_planned = replay { NUMBER($replay, useGrouping: "false") } is { $state }, not planned
replay-approved_already = replay { NUMBER($replay, useGrouping: "false") } is approved already, by { $approved_by }
replay-no_approval_needed = replay { NUMBER($replay, useGrouping: "false") } needs no approval; apply it with `huiliu replay apply { NUMBER($replay, useGrouping: "false") }`
replay-not_applied = replay { NUMBER($replay, useGrouping: "false") } is { $state }, and nothing of it can be undone; only what was applied, wholly or until it went out of date, can be
replay-not_approved = replay { NUMBER($replay, useGrouping: "false") } { $approval ->
    [certificate] writes records with a certificate
   *[other] is large
}; a person other than { $planned_by } must approve it first: `huiliu replay approve { NUMBER($replay, useGrouping: "false") } --because …`; nothing was changed
replay-own_approval = { $planned_by } has planned replay { NUMBER($replay, useGrouping: "false") } and cannot approve it too; ask a second person
replay-paused = stopped after { $applied } of { $total } steps of replay { NUMBER($replay, useGrouping: "false") }; to go on: `huiliu replay apply { NUMBER($replay, useGrouping: "false") }`
replay-temporary_file = the temporary file of the plan cannot be used: { $why }; nothing was changed; make room in the folder for temporary files, or name another one in TMPDIR
replay-undo_of_undo = replay { NUMBER($replay, useGrouping: "false") } is the undo of replay { NUMBER($undoes, useGrouping: "false") } and cannot be undone; plan a new replay of these dead letters
replay-undone_already = replay { NUMBER($replay, useGrouping: "false") } was undone by replay { NUMBER($undone_by, useGrouping: "false") }
source-none = no source is configured; add [[source]] to a settings file and give it with --config, or register one with `huiliu sources add`
sync-source = there is no source "{ $name }"; the sources are { $known }
worker-ended = the worker ended before its work was done
upload-file = cannot read the file { $file }: { $why }; nothing was uploaded
upload-too_large = { $file } has { $size } bytes, at most { $max } are accepted; nothing was uploaded; split the file
upload-stream = connector { $connector } has several streams; say with --stream which one the files belong to: { $streams }
upload-stopped = stopped; it was only a plan, and nothing was changed
upload-too_long = the plan was stopped after 300 s, because other work has to wait for it; nothing was changed; plan fewer files at once

# Why connectors and sources stay as they are.
sample-unreadable = { $address } cannot be read: { $fault }
connector-symbolic_link = { $path } is a symbolic link, and nothing is written through a link; replace it with a folder or file
connector-unwritable = cannot write { $path }: { $source }
stream-not_found = there is no stream "{ $stream }"; the streams are { $known }
sample-none = stream { $stream } has no sample; give one with --sample FILE, or a source with --source NAME
connector-folder_there = { $folder } already exists; give another folder with --out
sample-there = { $file } already exists; move it away first
source-empty = source { $name } has nothing to read
sample-anonymize = { $address }: { $fault }
sample-elsewhere = the sample is not on the platform of the source { $name }, so the credentials of the source are not sent there; give a path below its address, or leave out --source
sample-unpack = { $sample }: { $fault }
sample-guess = { $sample }: { $fault }
sample-not_found = cannot read { $sample }: { $source }; give a file, or a URL that begins with http:// or https://
connector-id = "{ $id }" is not a valid connector id; give 1 to 60 lowercase letters, digits, - or _
connector-guess_unwritable = cannot write { $path }: { $source }; give another folder with --out
connector-nothing_to_register = connector { $connector } version { NUMBER($version, useGrouping: "false") } is { $origin ->
    [built_in] built in
    [registered] registered
   *[other] in manifests_dir
} with the same content; there is nothing to register
connector-version_taken = connector { $connector }: version { NUMBER($version, useGrouping: "false") } is taken, or older than the existing one; raise `version` in the manifest above { NUMBER($highest, useGrouping: "false") }
connector-no_version = connector { $connector } has no version { $version }; see `huiliu connectors versions { $connector }`
connector-samples = version { NUMBER($version, useGrouping: "false") } does not pass its own samples with the current program and rules; nothing was changed: { $differences }
connector-unusable = connector { $connector }: version { NUMBER($version, useGrouping: "false") } cannot be used by this program: { $why }
manifests_dir-unreadable = cannot read { $path }: { $source }
connector-disabled = connector { $connector } is disabled ({ $by }: { $because }); to read its sources again, run `huiliu connectors enable { $connector }`
source-unusable_connector = source { $name }: version { NUMBER($version, useGrouping: "false") } of connector "{ $connector }" is in use, but this program cannot use it: { $why }
source-unknown_connector = source { $name }: there is no connector "{ $connector }"; the connectors are { $known }
secret-sealed = source { $name }: the sealed secret { $secret } cannot be opened; set it again with `huiliu secrets set { $name } { $secret }`
secret-unset = source { $name }: the environment variable { $variable } is not set
secret-file = source { $name }: cannot read the password from { $file }: { $why }; its first line must be the password
password_file-empty = it is empty
source-other_connector = source { $name } is stored with connector { $booked }, but the settings say { $now }; give the new source another name
source-busy = source { $name } is being read by another process; see `huiliu schedules list`, and try again when it has ended
source-registered_already = source { $name } is registered already; change it with `huiliu sources set { $name }`
source-in_settings_file = source { $name } is in the settings file; change it there
source-not_registered = no source "{ $name }" is registered; see `huiliu sources list`
source-secret_setting = --setting { $key }: settings are shown, so a secret must not be one of them; seal it with `huiliu secrets set { $name } { $key }`
source-booked_otherwise = source { $name } is stored with connector { $connector } and institution { $institution }, and the data received so far stays with them; give the new source another name
source-name = a source's name must have 1 to 100 characters, and no control characters
source-institution_code = --institution-code is empty
source-schedule = --schedule "{ $schedule }": { $fault }; give minute, hour, day of the month, month and day of the week, such as "0 2 1,11,21 * *"
source-password_in_address = --base-url contains a user or password, but listings show it; give --user, and seal the password with `huiliu secrets set { $name } password`
registered_source-settings = settings: “{ $why }”
registered_source-schedule = schedule "{ $schedule }": { $fault }
secret-no_source = there is no source "{ $name }"; see `huiliu sources list`, or add it first with `huiliu sources add`
secret-not_found = source { $name } has no secret "{ $secret }"; see `huiliu secrets list`
cursor-never_read = source "{ $name }" was never read and has no cursor; see `huiliu cursors list`
cursor-source_busy = source { $name } is being read by another process; see `huiliu schedules list`, and try again when it has ended
cursor-not_found = source { $name } has no cursor for stream "{ $stream }"; see `huiliu cursors list`
cursor-no_stream = connector { $connector } has no stream "{ $stream }"; its streams are { $known }
cursor-not_one = { $text } is not a cursor of connector { $connector }: { $why }; write it as `huiliu cursors list` shows it
schedule-form = not a cron expression (“{ $why }”)
schedule-never = this time never comes

# The database, its keys and its backups.
database-none = no database at { $database }; check --data-dir and --database, or create one with `huiliu migrate`
data_dir-unwritable = cannot write in the data directory { $dir }: { $source }; give a writable one with --data-dir
data_dir-lock = cannot lock { $file }: { $source }; the data directory must be on a local disk
key-missing = the root key file { $path } is missing, and this database was created with it; put it back, or name it with HUILIU_KEY_FILE
key-none_yet = there is no root key { $path } yet, and none was created; check --data-dir, or create one with `huiliu migrate`
key-before_rotation = this database is from before a rotation of the sealing key: it needs generation { NUMBER($needs, useGrouping: "false") }, which { $key_file } no longer holds; put { $kept } in its place, or name it with HUILIU_KEY_FILE{ $there ->
    [true] {""}
   *[other] {" "}(it is not there; look where the keys are backed up)
}
key-text = HUILIU_KEY: { $why }
backup-server = this database is PostgreSQL: back it up with `pg_dump --format=custom`, see docs/operations.md
backup-folder = cannot write a backup in { $folder }: { $why }; give a writable folder with room for a copy of the database
key-environment = the key is in HUILIU_KEY, which cannot be rewritten; write the key to a file, name that file with HUILIU_KEY_FILE, and rotate again
restore-server = this database is PostgreSQL: stop the workers and restore it with `pg_restore --clean --if-exists`, see docs/operations.md
restore-no_file = there is no file { $backup }; give a backup that `huiliu backup` wrote
restore-would_overwrite = there is already a database at { $database }; add --overwrite to replace it with the backup; the old file is kept beside it
restore-in_use = another process has the database { $database } open; stop the workers and everything else that uses it
restore-damaged = { $backup } is damaged or is not a database, and nothing was changed: { $why }; use another backup
restore-foreign = { $backup } is a database, but not one of Huiliu's; give a backup that `huiliu backup` wrote
restore-unwritable = cannot replace { $database } with the backup: { $why }

# What is wrong with the settings.
settings-file_unreadable = cannot read the settings file { $file }: { $why }; check --config
settings-file = { $file }, line { NUMBER($line, useGrouping: "false") }, column { NUMBER($column, useGrouping: "false") }: { $why }
settings-named_file = cannot read { $file }: { $why }
settings-number = { $variable } is "{ $value }"; give a whole number
settings-unknown_variable = Huiliu does not read the environment variable { $variable }{ $nearest }; correct its name or unset it
settings-workers = workers is { $given }; give a number from 1 to 64
settings-lease_ms = lease_ms is { $given }; give at least 200
settings-verify_days = verify_days is { $given }; give a number from 1 to 3,650, or 0 for never
settings-webhook_name = two webhooks have the name { $name }; give each its own
settings-batch_records = batch_records is { $given }; give a number from 1 to 5,000, or 0 for the number that suits the database
settings-health = health is "{ $given }"; give an address and a port, such as 127.0.0.1:9464, or leave it empty
settings-allow_networks = allow_networks has "{ $given }"; give networks, such as 10.1.0.0/16, or single addresses
settings-log_format = log_format is "{ $given }"; give "text" or "json"
settings-schedule = { $file }: source { $source_name }: schedule "{ $schedule }": { $why }; give minute, hour, day of the month, month and day of the week, such as "0 2 1,11,21 * *", or "" to turn automatic syncs off
nearest-variable = ; did you mean { $name }?
nearest-connector = {" "}(did you mean "{ $id }"?)
source-name_twice = the settings file has { $times } sources with this name; give each its own name
connector-unknown = there is no connector "{ $connector }"{ $nearest }; the connectors are { $known }
connector-unusable_version = version { NUMBER($version, useGrouping: "false") } of connector "{ $connector }" is in use, but this program cannot use it: { $why }; correct the manifest or upgrade the program, or go back to another version with `huiliu connectors rollback`
source-no_address = connector { $connector } reads a platform over HTTP, but `base_url` is empty; give the platform's address
source-no_folder = connector { $connector } reads files, but `folder` is empty; give the folder that the files are put into
source-no_place = connector { $connector } reads files, but both `folder` and `base_url` are empty; give one of them
source-login_in_address = `base_url` holds a user or a password; give the user as `user`, and the password as `password_file`, `password_env` or with `huiliu secrets set`
source-folder = cannot read the folder { $folder }: { $why }; make it readable, or correct `folder`
secret-variable = the environment variable { $variable } for the secret { $secret } is not set; set it, or seal the value with `huiliu secrets set`
secret-password_file = cannot read the password from { $file }: { $why }; its first line must be the password

# What is not taken from a sender.
disk-short = the disk of { $folder } has { NUMBER($free, useGrouping: "false") } MiB free, and min_free_mib asks for { NUMBER($least, useGrouping: "false") }; make room there
disk-full = the disk is full; make room on it
push-disabled = the connector of this source is disabled; ask whoever runs Huiliu
push-stream = there is no such stream; the streams are { $known }; send to /push/SOURCE/STREAM
push-key_taken = this idempotency key was used before for another payload; give each payload its own key
push-unreadable = the payload is kept, but it cannot be read: { $fault }; correct it, and send it with another key
push-sheet = the payload is kept: it is a correction sheet, which cannot be taken now: { $why }; a worker takes it later
push-busy = another process holds the source's lease
push-lost = the payload was received, but it is not found in the database
push-secret = the secret or the signature does not match the source; ask whoever runs Huiliu for the secret, and check what is signed
push-time = the timestamp is more than 300 s away from this host's clock; set the clock, and sign each attempt again
push-key = the idempotency key must be 1 to 200 printable ASCII characters without a space
push-digest = the Content-Digest field has no sha-256, or it is not the digest of the body; compute it from the bytes as they are sent

# What is wrong with rules that should come into force.
rules-active_unreadable = the rules in force (activation { NUMBER($activation, useGrouping: "false") }) cannot be used by this program: { $why }; use the program that activated them, or a newer one
rules-not_rules = { $file } is no rule pack, no crosswalk, no matching weights and no regions; see the files in config/
rules-twice = { $name } is given twice; give one version of it
rules-version_taken = { $name }: version { NUMBER($version, useGrouping: "false") } is taken by another content, or older than the registered one; raise `version` in the file above { NUMBER($highest, useGrouping: "false") }
rules-no_version = { $name } has no version { NUMBER($version, useGrouping: "false") }; registered are { $known }
rules-no_object = nothing called { $name } is registered; registered are { $known }
rules-no_pack = no rule pack { $name } is in force; in force are { $known }
rules-nothing_before = there were no other rules before; `huiliu rules versions` lists what can be activated
rules-leaves_without_rule = { NUMBER($entries, useGrouping: "false") } records would be left without a rule, the first of them record { NUMBER($record, useGrouping: "false") } of teacher { NUMBER($teacher, useGrouping: "false") }, which ends on { $day } and counts in { $unit }; register a pack that covers this day and converts this unit at the same time
rules-changed_since = the rules have changed since the plan: planned on activation { NUMBER($planned_on, useGrouping: "false") }, now in force is { NUMBER($now, useGrouping: "false") }, by { $by } at { $at }; nothing was changed; plan again
