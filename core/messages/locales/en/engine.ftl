# What was asked for and is not there.
run-not_found = no run { NUMBER($run, useGrouping: "false") }; see `huiliu runs list`
dead_letter-not_found = there is no dead letter { NUMBER($dead_letter, useGrouping: "false") }
record-not_found = there is no record { NUMBER($record, useGrouping: "false") }
record-not_found_of_teacher = there is no record { NUMBER($record, useGrouping: "false") } of a known teacher; see `huiliu records list`
replay-not_found = there is no replay { NUMBER($replay, useGrouping: "false") }
teacher-not_found = there is no teacher { NUMBER($teacher, useGrouping: "false") }
teacher-not_found_by_id_number = no teacher has this ID number
claim-not_found = there is no claim { NUMBER($claim, useGrouping: "false") }; see `huiliu identity queue`
decision-not_found = there is no decision { NUMBER($decision, useGrouping: "false") } that holds; see `huiliu decisions list`
school-not_found = there is no school { $school }
region-not_found = there is no region { $region }; see `huiliu regions list`
course-not_found = there is no course "{ $course }"; see `huiliu courses list`
connector-not_found = there is no connector "{ $connector }"; see `huiliu connectors list`
source-not_found = there is no source "{ $name }"; see `huiliu sources list`
rule_pack-not_found = there is no rule pack "{ $pack }"; there are { $known }
filter-source = there is no source "{ $name }"; there are { $known }
filter-no_source = there is no source "{ $name }"; there are none
filter-connector = there is no connector "{ $connector }"; there are { $known }
filter-run = there is no run { NUMBER($run, useGrouping: "false") }; the newest is { NUMBER($newest, useGrouping: "false") }, see `huiliu runs list`
filter-no_run = there is no run { NUMBER($run, useGrouping: "false") }; there are none
filter-reason = there is no reason code "{ $reason }"; did you mean { $nearest }?
filter-no_reason = there is no reason code "{ $reason }"; see `huiliu dead-letters list`
filter-actor = nobody called "{ $actor }" has acted; these have: { $known }
filter-action = the audit log has no action "{ $action }"; it has { $known }
filter-subject = the audit log has nothing about "{ $subject }"; name a subject as `huiliu audit` shows it, such as "replay 7", or a kind, such as "replay"

# Why an operation is not done.
dead_letter-not_open = dead letter { NUMBER($dead_letter, useGrouping: "false") } is not open; see `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
batch-not_quarantined = batch { NUMBER($batch, useGrouping: "false") } is not quarantined; see `huiliu batches list --quarantined`
decision-revoked_already = record { NUMBER($record, useGrouping: "false") } is revoked already, since { $at }, by { $by } (decision { NUMBER($decision, useGrouping: "false") }); take it back with `huiliu decisions undo { NUMBER($decision, useGrouping: "false") }`
decision-undone_already = decision { NUMBER($decision, useGrouping: "false") } is taken back already, since { $at }, by { $by } (decision { NUMBER($undone_by, useGrouping: "false") })
decision-merged_into_itself = a teacher cannot be merged into itself
decision-already = decision { NUMBER($decision, useGrouping: "false") } says so already
decision-on_roster = teacher { NUMBER($teacher, useGrouping: "false") } is on the roster, and is whom the roster says; give the former ID number there instead
decision-moved_since = decision { NUMBER($decision, useGrouping: "false") } has moved the same numbers since; take it back first
match-thresholds = { $file }: thresholds: { $why }
replay-nothing = no open dead letter matches
replay-too_many = more than 100,000 raw records match; narrow it down, by run or code
replay-stopped = stopped; nothing was changed, and the plan is closed
replay-too_long = it takes longer than 300 s, in which others wait; nothing was changed; narrow it down, by run or code
replay-unknown = there is no replay { NUMBER($replay, useGrouping: "false") }
replay-not_planned = replay { NUMBER($replay, useGrouping: "false") } is { $state }, not planned
source-none = no source is configured; add [[source]] to a settings file and give it with --config, or register one with `huiliu sources add`
sync-source = no source "{ $name }"; there are { $known }
worker-ended = the worker ended before its work
upload-file = { $file } is no file that can be read; nothing was handed in
upload-stream = connector { $connector } has several streams; say with --stream to which the files belong: { $streams }
upload-stopped = stopped; it was only a plan, and nothing was changed
upload-too_long = the plan takes longer than 300 s, in which others wait; nothing was changed; plan fewer files at once

# Why connectors and sources stay as they are.
sample-unreadable = { $address } cannot be read: { $fault }
connector-symbolic_link = { $path } is a symbolic link, and nothing is written through one; put a folder or file in its place
connector-unwritable = cannot write { $path }: { $source }
stream-not_found = there is no stream "{ $stream }"; there are { $known }
sample-none = stream { $stream } has no sample; give one with --sample FILE, or a source with --source NAME
connector-folder_there = { $folder } is there already; give another place with --out
sample-there = { $file } is there already; move it away first
source-empty = source { $name } has nothing to read
sample-disguise = { $address }: { $fault }
sample-unpack = { $sample }: { $fault }
sample-guess = { $sample }: { $fault }
sample-not_found = cannot read { $sample }: { $source }; give a file, or a URL that begins with http:// or https://
connector-id = "{ $id }" is no connector id; give 1 to 60 small letters, digits, - and _
connector-guess_unwritable = cannot write { $path }: { $source }; give another folder with --out
connector-nothing_to_register = connector { $connector } version { NUMBER($version, useGrouping: "false") } is { $origin ->
    [built_in] built in
    [registered] registered
   *[other] manifests_dir
} with the same content; there is nothing to register
connector-version_taken = connector { $connector }: version { NUMBER($version, useGrouping: "false") } is taken or older than what is there; raise `version` in the manifest above { NUMBER($highest, useGrouping: "false") }
connector-no_version = connector { $connector } has no version { $version }; see `huiliu connectors versions { $connector }`
connector-samples = version { NUMBER($version, useGrouping: "false") } does not pass its own samples under today's program and rules; nothing was changed: { $differences }
connector-unusable = connector { $connector }: the registered version { NUMBER($version, useGrouping: "false") } cannot be used by this program: { $why }
manifests_dir-unreadable = cannot read { $path }: { $source }
connector-disabled = connector { $connector } is disabled ({ $by }: { $because }); `huiliu connectors enable { $connector }` lets its sources be read again
source-unusable_connector = source { $name }: version { NUMBER($version, useGrouping: "false") } of connector "{ $connector }" is registered and cannot be used by this program: { $why }
source-unknown_connector = source { $name }: no connector "{ $connector }"; there are { $known }
secret-sealed = source { $name }: its sealed secret { $secret } does not open; set it again with `huiliu secrets set { $name } { $secret }`
secret-unset = source { $name }: the environment variable { $variable } is not set
secret-file = source { $name }: cannot take the password from { $file }: { $why }; its first line must be the password
password_file-empty = it is empty
source-other_connector = source { $name } is in the books with connector { $booked }, the settings say { $now }; give the new one another name
source-busy = source { $name } is being read by another process; see `huiliu schedules list`, and try again when it has ended
source-registered_already = source { $name } is registered already; change it with `huiliu sources set { $name }`
source-in_settings_file = source { $name } stands in the settings file; change it there
source-not_registered = no source "{ $name }" is registered; see `huiliu sources list`
source-secret_setting = --setting { $key }: a secret does not stand among the settings, which are shown; seal it with `huiliu secrets set { $name } { $key }`
source-booked_otherwise = source { $name } is in the books with connector { $connector } and institution { $institution }, and what it has received stays theirs; give the new one another name
source-name = a source's name has 1 to 100 characters, none of them a control character
source-institution_code = --institution-code is empty
source-schedule = --schedule "{ $schedule }": { $fault }; give minute, hour, day of the month, month and day of the week, as "0 2 1,11,21 * *"
source-password_in_address = --base-url holds a user or password, and it is shown in listings; give --user, and seal the password with `huiliu secrets set { $name } password`
registered_source-settings = settings: “{ $why }”
registered_source-schedule = schedule "{ $schedule }": { $fault }
secret-no_source = there is no source "{ $name }"; see `huiliu sources list`, or add it first with `huiliu sources add`
secret-not_found = source { $name } has no secret "{ $secret }"; see `huiliu secrets list`
cursor-never_read = source "{ $name }" was never read and has no cursor; see `huiliu cursors list`
cursor-source_busy = source { $name } is being read by another process; see `huiliu schedules list`, and try again when it has ended
cursor-not_found = source { $name } has no cursor of stream "{ $stream }"; see `huiliu cursors list`
cursor-no_stream = connector { $connector } has no stream "{ $stream }"; there are { $known }
cursor-not_one = { $text } is no cursor of connector { $connector }: { $why }; give one as `huiliu cursors list` shows it
schedule-form = not a cron expression (“{ $why }”)
schedule-never = no such moment ever comes

# The database, its keys and its backups.
database-none = no database at { $database }; check --data-dir and --database, or create one with `huiliu migrate`
data_dir-unwritable = cannot write in the data directory { $dir }: { $source }; give a writable one with --data-dir
data_dir-lock = cannot lock { $file }: { $source }; the data directory must be on a local disk
key-missing = the root key file { $path } is missing and this database was made with one; put it back, or name it with HUILIU_KEY_FILE
key-none_yet = there is no root key { $path } yet, and none was made; check --data-dir, or make one with `huiliu migrate`
key-before_rotation = this database is from before a rotation of the sealing key: it needs generation { NUMBER($needs, useGrouping: "false") }, which { $key_file } no longer holds; put { $kept } in its place, or name it with HUILIU_KEY_FILE{ $there ->
    [true] {""}
   *[other] {" "}(it is not there; look where the keys are backed up)
}
key-text = HUILIU_KEY: { $why }
backup-server = this database is PostgreSQL: back it up with `pg_dump --format=custom`, see docs/operations.md
backup-folder = cannot write a backup in { $folder }: { $why }; give a writable folder with room for a copy of the database
key-environment = the key stands in HUILIU_KEY, which cannot be rewritten; write it to a file, name that with HUILIU_KEY_FILE, and rotate again
restore-server = this database is PostgreSQL: stop the workers and restore it with `pg_restore --clean --if-exists`, see docs/operations.md
restore-no_file = there is no file { $backup }; give a backup as `huiliu backup` wrote it
restore-would_overwrite = there is a database at { $database } already; give --overwrite to put the backup in its place, the file is kept beside it
restore-in_use = another process has the database { $database } open; stop the workers and all else that uses it
restore-damaged = { $backup } is damaged or no database, nothing was changed: { $why }; take another backup
restore-foreign = { $backup } is a database, and none of Huiliu's; give a backup as `huiliu backup` wrote it
restore-unwritable = cannot put the backup in the place of { $database }: { $why }

# What is wrong with the settings.
settings-file_unreadable = cannot read the settings file { $file }: { $why }; check --config
settings-file = { $file }, line { NUMBER($line, useGrouping: "false") }, column { NUMBER($column, useGrouping: "false") }: { $why }
settings-named_file = cannot read { $file }: { $why }
settings-number = { $variable } is "{ $value }"; give a whole number
settings-unknown_variable = Huiliu does not read the environment variable { $variable }{ $nearest }; correct its name or unset it
settings-workers = workers is { $given }; give a number from 1 to 64
settings-lease_ms = lease_ms is { $given }; give at least 200
settings-batch_records = batch_records is { $given }; give a number from 1 to 5,000, or 0 for as many as suit the database
settings-health = health is "{ $given }"; give an address and a port, as 127.0.0.1:9464, or nothing
settings-allow_networks = allow_networks has "{ $given }"; give networks as 10.1.0.0/16, or single addresses
settings-log_format = log_format is "{ $given }"; give "text" or "json"
settings-schedule = { $file }: source { $source_name }: schedule "{ $schedule }": { $why }; give minute, hour, day of the month, month and day of the week, as "0 2 1,11,21 * *", or "" for never by itself
nearest-variable = ; did you mean { $name }?
nearest-connector = {" "}(did you mean "{ $id }"?)
source-name_twice = the settings file has { $times } sources of this name; give each its own
connector-unknown = there is no connector "{ $connector }"{ $nearest }; there are { $known }
connector-unusable_version = version { NUMBER($version, useGrouping: "false") } of connector "{ $connector }" is registered and cannot be used by this program: { $why }; upgrade the program, or go back to another version with `huiliu connectors rollback`
source-no_address = connector { $connector } asks a platform over HTTP and `base_url` is empty; give the platform's address
source-no_folder = connector { $connector } reads files and `folder` is empty; give the folder they are put into
source-no_place = connector { $connector } reads files, and both `folder` and `base_url` are empty; give one of them
source-folder = cannot read the folder { $folder }: { $why }; make it readable, or correct `folder`
secret-variable = the environment variable { $variable } for the secret { $secret } is not set; set it, or seal the value with `huiliu secrets set`
secret-password_file = cannot take the password from { $file }: { $why }; its first line must be the password

# What is not taken from a sender.
push-disabled = the connector of this source is disabled; ask whoever runs Huiliu
push-stream = no such stream; there are { $known }: send it to /push/SOURCE/STREAM
push-key_taken = another payload was handed in with this idempotency key; give each payload a key of its own
push-unreadable = it is kept, and cannot be read: { $fault }; mend it, and send it with another key
push-busy = another process has the source's lease
push-lost = it was landed, and it is not found in the books
door-secret = the secret or the signature is not the source's; ask whoever runs Huiliu for the secret, and see what is signed
door-time = the time stamp is more than 300 s from ours; set the clock, and sign each attempt anew
door-key = the idempotency key must be 1 to 200 printable ASCII characters without a space
