# What the command line says.

# acts
cli-acts-batch-release = release a batch
cli-acts-connector-disable = disable a connector
cli-acts-connector-enable = enable a connector
cli-acts-connector-register = register a connector
cli-acts-connector-rollback = roll a connector back
cli-acts-course-equate = equate a course
cli-acts-credit-grade = set a grade
cli-acts-credit-keep = choose the record that counts
cli-acts-credit-revoke = revoke a certificate
cli-acts-cursor-reset = reset a cursor
cli-acts-cursor-set = set a cursor
cli-acts-database-restore = restore a backup
cli-acts-dead-letter-accept = accept that a record belongs to another person
cli-acts-dead-letter-close = close a dead letter
cli-acts-dead-letter-discard = discard a dead letter
cli-acts-dead-letter-export = write dead letters into a workbook
cli-acts-dead-letter-reopen = reopen a dead letter
cli-acts-detail = { $key }: { $value }
cli-acts-identity-accept = accept a claim
cli-acts-identity-merge = merge teachers
cli-acts-identity-reject = reject a claim
cli-acts-key-base-url = base URL
cli-acts-key-because = reason
cli-acts-key-claim = claim
cli-acts-key-code = code
cli-acts-key-counted = counted
cli-acts-key-course = course
cli-acts-key-cursor = cursor
cli-acts-key-detail = detail
cli-acts-key-filter = filter
cli-acts-key-folder = folder
cli-acts-key-from = from
cli-acts-key-grade = grade
cli-acts-key-institution-code = institution
cli-acts-key-now = now
cli-acts-key-planned = planned
cli-acts-key-raw-records = raw records
cli-acts-key-count = number of records
cli-acts-key-faulty = faulty rows
cli-acts-key-protected = with a password
cli-acts-key-record = record
cli-acts-key-records = records
cli-acts-key-replaced = replaced activation
cli-acts-key-reverses = undoes decision
cli-acts-key-run = run
cli-acts-key-schedule = schedule
cli-acts-key-stream = stream
cli-acts-key-teacher = teacher
cli-acts-key-teachers = teachers
cli-acts-key-to = to
cli-acts-kind-batch = batch
cli-acts-kind-connector = connector
cli-acts-kind-database = database
cli-acts-kind-dead-letter = dead letter
cli-acts-kind-decision = decision
cli-acts-kind-replay = replay
cli-acts-kind-rules = rules
cli-acts-kind-secret = secret
cli-acts-kind-source = source
cli-acts-missing-keep = keep missing records
cli-acts-missing-withdraw = withdraw missing records
cli-acts-payload-correct = take a correction sheet
cli-acts-payload-dismiss = dismiss a payload
cli-acts-payload-park = park the records of a payload
cli-acts-payload-reopen = open a payload again
cli-acts-payload-retry = decode a payload again
cli-acts-kind-payload = payload
cli-acts-records-rekey = compare record keys by value
cli-acts-replay-apply = apply a replay
cli-acts-replay-approve = approve a replay
cli-acts-replay-close = close a plan
cli-acts-replay-plan = plan a replay
cli-acts-replay-refused = replay refused
cli-acts-replay-undo = undo a replay
cli-acts-rules-activate = activate rules
cli-acts-rules-register = register rules
cli-acts-rules-retire = retire a rule pack
cli-acts-rules-rollback = roll rules back
cli-acts-rules-seed = first rules of the database
cli-acts-secret-remove = remove a secret
cli-acts-secret-set = set a secret
cli-acts-separator = ;{" "}
cli-acts-source-add = add a source
cli-acts-source-release = release a source
cli-acts-source-remove = remove a source
cli-acts-source-set = change a source
cli-acts-undo = undo: { $act }
cli-acts-version = {" version "}

# audit
cli-audit-action = action
cli-audit-at = at
cli-audit-audit-log-was-written-entry = the audit log was altered: entry { $entry } was changed, or entries before it are missing
cli-audit-by = by
cli-audit-detail = detail
cli-audit-end-known = { $entries } entries, whole and in order; the last of { $heads } known ends is entry { $last } of { $at }, in { $file }{ $restores ->
    [0] {""}
   *[other] ; the database was replaced by a backup { $restores } times
}
cli-audit-end-unknown = { $entries } entries, whole and in order; whether entries were cut off at the end is not known, because there is no { $file } yet: the next act begins it
cli-audit-entry = entry
cli-audit-heads-unreadable = { $file } cannot be read: { $why }
cli-audit-lost-head = the audit log was cut off or replaced: entry { $entry } of { $at } is no longer in it as it was ({ $heads } of the ends in { $file } are not in it, the last known end is entry { $last })
cli-audit-object = object
cli-audit-odd-entry = the audit log has an entry { $entry }, which this program cannot have written
cli-audit-there-none = none found
cli-audit-unreadable-line = line { $line } of { $file } was not written by this program

# authoring
cli-authoring-summary = {"\u000A"}  { $n ->
    [one] { $n } record
   *[other] { $n } records
}: { $outcomes }
cli-authoring-bytes = { $address }: { $bytes } bytes
cli-authoring-class-hours = class hours
cli-authoring-clean = clean
cli-authoring-field = field
cli-authoring-from = from
cli-authoring-manifest-toml-questions-open-lines = manifest.toml has open questions on lines { $lines }; answer them, then remove their `# ?`
cli-authoring-manifest-whole = ✓ { $connector }: the manifest is valid
cli-authoring-parked = parked
cli-authoring-records = { $n ->
    [one] { $n } record
   *[other] { $n } records
}
cli-authoring-sample-variant-one-does-give = a sample or a variant of it does not give the expected result, see above; if the results are right, save them with --accept
cli-authoring-skipped = skipped
cli-authoring-withdrawn = withdraws a record
cli-authoring-text = text
cli-authoring-wrote-next-huiliu-connectors-preview = wrote { $shown }; next: `huiliu connectors preview { $shown }`, change manifest.toml and samples/, `huiliu connectors test { $shown } --accept`, `huiliu connectors register { $shown }`
cli-authoring-wrote-records-dead-letters-read = wrote { $file }: { $parked } of { $records } records are dead letters; read it before you rely on it

# batches
cli-batches-address = address
cli-batches-attempts = attempts
cli-batches-batch = batch
cli-batches-due-again = released; due again
cli-batches-lost-claims = lost claims
cli-batches-records = records
cli-batches-source = source
cli-batches-state = state
cli-batches-why = reason

# commands
cli-commands-since-later-than-until-give = --since is later than --until; give the first day as --since and the last day as --until

# connectors
cli-connectors-connector = connector
cli-connectors-connector-registered-version-cannot-used = connector { $connector }: this program cannot use version { $version }: { $why }
cli-connectors-disabled = disabled
cli-connectors-disabled-2 = , disabled
cli-connectors-from = from
cli-connectors-sample-does-give-what-connector = a sample does not give the result expected in its connector's folder, see above
cli-connectors-streams = streams
cli-connectors-title = title
cli-connectors-version = version
cli-connectors-version-2 = version { $version }, { $from }{ $state }
cli-connectors-what-registered-database-told = cannot list the connectors registered in the database: { $lines }

# courses
cli-courses-code = code
cli-courses-connector = connector
cli-courses-course = course
cli-courses-hours-most = maximum hours
cli-courses-records = records
cli-courses-series = series
cli-courses-series-learning = learning
cli-courses-series-profession = profession
cli-courses-series-teaching = teaching
cli-courses-suggested = suggested
cli-courses-theme = theme
cli-courses-title = title

# cursors
cli-cursors-connector = connector
cli-cursors-cursor = cursor
cli-cursors-done-holds-from-next-sync = done; it takes effect at the next sync
cli-cursors-source = source
cli-cursors-stream = stream

# layouts
cli-layouts-below = below the end
cli-layouts-blank = blank
cli-layouts-headers = header
cli-layouts-hidden-columns = hidden columns, read: { $columns }
cli-layouts-hidden-rows = hidden rows, read: { $rows }
cli-layouts-hidden = hidden
cli-layouts-left-empty = empty
cli-layouts-left-hidden = not read: hidden, without the header
cli-layouts-left-ignored = not read: in `ignored_sheets`
cli-layouts-left-no-header = not read: without the header
cli-layouts-left-pattern = not read: `sheets` does not match its name
cli-layouts-left-unreadable = not read: damaged
cli-layouts-likely = like records, not read
cli-layouts-marked = by marker
cli-layouts-marker = { $marker }: { $rows }
cli-layouts-records = records
cli-layouts-remark = remark
cli-layouts-rows = rows
cli-layouts-suspects = parked by place
cli-layouts-table = table
cli-layouts-tables = tables
cli-layouts-titles = above the header
cli-layouts-unread = not read

# missing
cli-missing-course = course
cli-missing-files-of = files of { $day }
cli-missing-kept = { $n ->
    [one] { $n } record is kept
   *[other] { $n } records are kept
}
cli-missing-kept-by = kept by { $by }: { $because }
cli-missing-open = waits for a decision
cli-missing-pass = the pass of run { $run }
cli-missing-since = missing since
cli-missing-state = state
cli-missing-whole = not in
cli-missing-withdrawn = { $n ->
    [one] { $n } record is withdrawn
   *[other] { $n } records are withdrawn
}
cli-missing-withdrawn-by = withdrawn by { $by }: { $because }
cli-missing-withdrawn-by-manifest = withdrawn by the manifest { $by }
# files
cli-files-file = file
cli-files-stream = stream
cli-files-name = name
cli-files-size = bytes
cli-files-modified = changed
cli-files-state = state
cli-files-run = run
cli-files-payload = payload
cli-files-reason = reason
cli-files-due = to be read
cli-files-read = read
cli-files-copy = copy
cli-files-passed = passed over
cli-files-growing = being written
cli-files-left-out = left out
cli-files-gone = no longer there
# payloads
cli-payloads-open = open
cli-payloads-read = decoded later
cli-payloads-read-as = replaced by payload { $payload }
cli-payloads-dismissed-by = dismissed by { $by }: { $because }
cli-payloads-records = records: { $records }
cli-payloads-parked = records: { $records }, awaiting a replay: { $awaiting }
cli-payloads-awaiting = { $n ->
    [one] { $n } record awaits
   *[other] { $n } records await
} a replay: `huiliu replay plan --payload { $payload }`
cli-payloads-undelivered = { $n ->
    [one] { $n } record is not delivered yet
   *[other] { $n } records are not delivered yet
}: run `huiliu worker --until-done`, or release what is held; see `huiliu batches list`
cli-payloads-replay-next = They count nothing yet. See what they would change: `huiliu replay plan { $payloads }`
cli-payloads-still-unread = { $n ->
    [one] { $n } payload still cannot be decoded
   *[other] { $n } payloads still cannot be decoded
}; correct the manifest, ask for the file again, or dismiss with `huiliu payloads dismiss`
cli-payloads-dismissed = { $n ->
    [one] { $n } payload dismissed
   *[other] { $n } payloads dismissed
}
cli-payloads-reopened = { $n ->
    [one] { $n } payload is
   *[other] { $n } payloads are
} open again

# dead-letters
cli-dead-letters-accepted = accepted; the next replay loads it: `huiliu replay plan --code record_key.other_person`
cli-dead-letters-discarded = { $n ->
    [one] { $n } dead letter is discarded
   *[other] { $n } dead letters are discarded
  }
cli-acts-dead-letter-correct = correct the raw records of dead letters
cli-acts-dead-letter-uncorrect = withdraw a correction
cli-acts-dead-letter-map = map a value of a dead letter
cli-acts-dead-letter-unmap = withdraw a mapped value
cli-mapped-made = mapped value { $mapped_value }: from now on it is read in { $source }/{ $stream }, field { $field }, wherever a raw record is parked because of the value received; to load those that wait: `huiliu replay plan { $selected }`
cli-mapped-withdrawn = withdrawn; what was loaded with it stays until it is read again: `huiliu replay plan --stored --source { $source }`
cli-mapped-value = mapped value
cli-mapped-received = received
cli-mapped-made-at = mapped
cli-acts-key-correction = correction
cli-acts-key-fields = fields
cli-corrections-made = { $n ->
    [one] { $n } dead letter is corrected; to see what becomes of it: `huiliu replay plan { $selected }`
   *[other] { $n } dead letters are corrected; to see what becomes of them: `huiliu replay plan { $selected }`
  }
cli-suggestions = what it probably means:
cli-suggestions-teacher = { $field }={ $value }, the ID number of teacher { $teacher }, { $name }
cli-suggestions-course = { $field }={ $value }, the code of the course { $title }
cli-suggestions-accepted = a suggestion was accepted
cli-acts-key-suggestion = suggestion
cli-corrections-withdrawn = withdrawn; what was loaded with it stays until it comes again on a page that has changed
cli-corrections-exported = { $n ->
    [one] { $n } row in { $file }; when it is corrected: `huiliu upload` or `huiliu corrections import`
   *[other] { $n } rows in { $file }; when they are corrected: `huiliu upload` or `huiliu corrections import`
  }
cli-corrections-faulty-rows = { $n ->
    [one] { $n } of them is faulty
   *[other] { $n } of them are faulty
  }
cli-corrections-password = password, shown only now: { $password }; tell it by another way than the file; 7-Zip opens the archive, the Explorer of Windows does not
cli-corrections-left-out = { $n ->
    [one] { $n } dead letter is left out, because its payload cannot be read now
   *[other] { $n } dead letters are left out, because their payloads cannot be read now
  }
cli-corrections-handed-in = corrections handed in: { $file }
cli-corrections-missing-column = the sheet has no column "{ $column }"; its values stay as they are
cli-corrections-unread-sheet = the sheet "{ $sheet }" has no column that names dead letters, so it was not read
cli-corrections-row-closed = corrected, and the dead letter is closed
cli-corrections-row-still-open = corrected, and still something is wrong
cli-corrections-row-corrected = has corrections
cli-corrections-row-unchanged = without corrections
cli-corrections-row-not-open = the dead letter is not open any more; nothing to do
cli-corrections-row-outdated = since the export, the row came again with another content, or became a dead letter; export again
cli-corrections-row-doubtful = a corrected cell has no reliable value; write it as text
cli-corrections-row-repeated = the same row stands above; only that one is read
cli-corrections-row-other-source = the row belongs to another source
cli-corrections-row-unknown = the hidden column names no row that is known
cli-corrections-row-unreadable = what was received cannot be read now, so there is nothing to compare the row with
cli-corrections-row-no-number = a new row, without the hidden number; hand it in as an ordinary file
cli-corrections-row-not-faulty = nothing to correct
cli-corrections-row-not-faulty-changed = changed, although nothing was wrong with it, so it is not taken; hand the changed row in as an ordinary file
cli-corrections-not-all = not all corrections were replayed: { $why }; hand the sheet in again to go on
cli-corrections-correction = correction
cli-corrections-letter = dead letter
cli-corrections-value = value
cli-corrections-by = by
cli-corrections-because = reason
cli-corrections-made-at = made
cli-corrections-withdrawn-at = withdrawn
cli-mistake-field-value = a raw field and a value, such as `hours=45`
cli-dead-letters-cause = cause
cli-dead-letters-letters = dead letters
cli-dead-letters-share = share
cli-dead-letters-stream = source/stream
cli-dead-letters-stage = stage
cli-dead-letters-code = reason
cli-dead-letters-field = field
cli-dead-letters-shape = form
cli-dead-letters-example-value = value
cli-dead-letters-example = example
cli-dead-letters-responsible = to be mended by
cli-dead-letters-institution = institution
cli-dead-letters-first-seen = first received
cli-dead-letters-last-seen = last received
cli-dead-letters-selected = { $n ->
    [one] { $n } dead letter; one with several causes is in several lines
   *[other] { $n } dead letters; one with several causes is in several lines
  }
cli-dead-letters-must-act = to be mended by: { $who }
cli-dead-letters-raw = as received, ID and phone numbers masked:
cli-dead-letters-run = run
cli-dead-letters-batch = batch
cli-dead-letters-address = address
cli-dead-letters-received = received
cli-dead-letters-outcome = counts as
cli-dead-letters-attempts = attempts
cli-dead-letters-one-number = --record goes with the number of one dead letter
cli-dead-letters-reopened = open again
cli-dead-letters-probably-corrected = probably corrected by { $address }
cli-dead-letters-corrected = corrected by { $address }; closed by { $who }: { $because }
cli-dead-letters-corrected-by-manifest = corrected by { $address }; closed by manifest { $who }
cli-dead-letters-candidates = {"    "}{ $n ->
    [one] { $n } record may be the corrected one
   *[other] { $n } records may be the corrected one
}:
cli-dead-letters-place-of-record = { $address } (record { $record })
cli-dead-letters-closed = { $n ->
    [one] { $n } dead letter
   *[other] { $n } dead letters
} closed; { $raw ->
    [one] { $raw } raw record counts
   *[other] { $raw } raw records count
} as superseded
cli-dead-letters-record-replay = {"    "}record { $record }, by replay { $replay }

# decisions
cli-decisions-about = about
cli-decisions-at = at
cli-decisions-because = because
cli-decisions-by = by
cli-decisions-claim = claim
cli-decisions-decision = decision
cli-decisions-decision-written = {"\u000A"}  decision { $number } is recorded
cli-decisions-detail = detail
cli-decisions-holds = in force
cli-decisions-kind = kind
cli-decisions-nobody-entries-change = {"  "}no teacher's entries change
cli-decisions-record = record
cli-decisions-state = state
cli-decisions-teacher = teacher
cli-decisions-undoes = undoes { $n }
cli-decisions-undone = undone by { $n }

# demo
cli-demo-sandbox-cannot-start = the sandbox cannot start: { $e }
cli-demo-what-should-come-out = expected result:{" "}

# doctor
cli-doctor-back-up-lost-key-lost = { $path } (back it up: a lost key is lost data)
cli-doctor-cannot-used = { $which } cannot be used: { $why }
cli-doctor-connectors = connectors
cli-doctor-database = database
cli-doctor-disabled = disabled
cli-doctor-environment = environment
cli-doctor-in = { $source } in { $file }: { $problem }
cli-doctor-key = key
cli-doctor-key-file = key file
cli-doctor-looked-settings-file-says-where = not checked: its location is in the settings file, which cannot be read
cli-doctor-missing = missing records
cli-doctor-missing-open = { $n ->
    [one] { $n } waits
   *[other] { $n } wait
} for a decision; see `huiliu missing list`
cli-doctor-payloads = unread payloads
cli-doctor-payload = { $payload } { $source }: { $name }: { $reason }
cli-doctor-payloads-open = { $count } cannot be decoded, see `huiliu payloads list`: { $first }
cli-doctor-files = files
cli-doctor-files-read = all read
cli-doctor-files-waiting = { $count } not read yet: { $names }; the next sync tries again, see `huiliu files list`
cli-doctor-files-foreign = { $count } left out: { $names }; `huiliu files list SOURCE --state left-out` says why; rename them, add a pattern to the manifest, or move them
cli-doctor-none = none
cli-doctor-orphans = orphans
cli-doctor-others-can-read-mode-chmod = other users can read { $path } (mode { $mode }); run `chmod 600 { $path }`
cli-doctor-queue = queue
cli-doctor-registered-change-huiliu-sources-set = { $source } (registered; change it with `huiliu sources set { $source }`): { $problem }
cli-doctor-rules = rules
cli-doctor-rules-differ = { $told }; these files of the settings differ and change nothing: { $names }; to put them into force, use `huiliu rules register FILE`
cli-doctor-rules-none-yet = none yet; the first process that works with the database stores those of its settings
cli-doctor-schema = schema
cli-doctor-settings = settings
cli-doctor-something-order-see-above = a check found a problem, see above
cli-doctor-source = source
cli-doctor-sources = sources
cli-doctor-waiting = { $where } ({ $waiting } waiting)
cli-doctor-books = books
cli-doctor-books-agree = every batch agrees with the other tables
cli-doctor-books-differ = { $count } batches differ from the other tables: { $first }; see all with `huiliu balance`, then restore a backup from before, or report this with the list
cli-doctor-batch-differs = run { $run }, batch { $batch }: { $law }: expected { $expected }, found { $found }
cli-doctor-dead-letters = dead letters
cli-doctor-dead-letters-true = every state is what the sightings say
cli-doctor-dead-letters-untrue = { $count } dead letters have another state than their sightings say: { $ids }; look at them with `huiliu dead-letters show`, then restore a backup from before, or report this
cli-doctor-entries = entries
cli-doctor-entries-single = at most one current entry for each teacher and record
cli-doctor-entries-double = { $count } entries are not the only current one of their teacher and record: { $ids }; restore a backup from before, or report this
cli-doctor-audit-log = audit log
cli-doctor-audit-log-broken = { $why }: somebody changed the database by hand; compare with a backup
cli-doctor-ledger = ledger, a sample
cli-doctor-ledger-differs = { $told }: { $first }; see all with `huiliu verify`, find out who changed the database, then restore a backup from before, or report this
cli-doctor-verified = ledger, by workers
cli-doctor-round-ended = all teachers were last verified by { $at }
cli-doctor-no-round = not all teachers were verified yet; a running worker does it by and by
cli-doctor-verify-off = off (verify_days is 0)
cli-doctor-workers-found = { $round }; { $count } fields differ: { $first }; see all with `huiliu verify`, find out who changed the database, then restore a backup from before, or report this

# health
cli-health-ago = { $s } s ago
cli-health-answer-within = no answer within { $s } s
cli-health-cannot-listen-give-another-address = cannot listen at { $address }: { $e }; give another address with `health` or HUILIU_HEALTH, or leave both unset
cli-health-database = database
cli-health-health-address-set-give-worker = no health address is set; set the same `health` or HUILIU_HEALTH for the worker and for this command, such as 127.0.0.1:9464
cli-health-known = unknown
cli-health-none-yet = none yet
cli-health-queue = queue
cli-health-schema = schema
cli-health-sweep = sweep
cli-health-worker-answers-running-same-health = no worker answers at { $address }: { $why }; check that it is running with the same `health` address
cli-health-worker-ready-see-above = the worker is not ready, see above

# identity
cli-identity-candidates = candidates
cli-identity-claim = claim
cli-identity-contradicting = contradicting
cli-identity-decision = {"  "}decision { $decision }: { $kind } { $of } by { $actor }: { $because }
cli-identity-definite = definite
cli-identity-doubt = doubt
cli-identity-name = name
cli-identity-name-id-number-teacher-records = {"  "}the name differs from that of the teacher with this ID number, so its records are not counted
cli-identity-new = new
cli-identity-none = none
cli-identity-potential = potential
cli-identity-record-until = {"  "}record { $record }: { $source }, { $address }: { $course }, { $hours } { $unit }, until { $end }
cli-identity-records = records
cli-identity-roster = on the roster
cli-identity-score = score
cli-identity-state = state
cli-identity-teacher = teacher
cli-identity-teacher-2 = {"  "}belongs to teacher { $teacher } by { $by }
cli-identity-teacher-3 = teacher { $teacher }
cli-identity-teacher-4 = {"  "}teacher { $teacher } { $name } { $school }: { $score }

# infer
cli-infer-column = column
cli-infer-confidence = confidence
cli-infer-evidence = evidence
cli-infer-examples = examples
cli-infer-field = field
cli-infer-guessed-huiliu-connectors-infer-from = Guessed by `huiliu connectors infer` from { $name }, { $n } records. The comment on each line says how certain the guess is, and why.{"\u000A"}Lines that begin with `# ?` are questions: answer them before you use the connector. It cannot be registered while one about the key or a field that every record needs is open.
cli-infer-hours = hours are { $word } ({ $sure } %)
cli-infer-passed = pass decided by: { $pass }
cli-infer-records-looked = { $name }: { $where }; { $n } records examined
cli-infer-same-record = record key: { $key }
cli-infer-sample-kept = sample, with everybody in it replaced: { $where }
cli-infer-sample-looks-like-answer-interface = the sample looks like an API response: to read it over HTTP, use kind = "http", and give the stream a request and:
cli-infer-sample-refused = the sample was not kept, because the people in it could not be replaced: { $why }
cli-infer-text = ,{" "}
cli-infer-version = version: { $version }
cli-infer-written = written: { $where }

# main
cli-main-huiliu-threads = huiliu: cannot start threads: { $e }

# maintenance
cli-maintenance-each-source-goes-cursor-backup = each source continues from its cursor in the backup: records that came later are read again, and count once
cli-maintenance-file-replaced-kept-delete-when = the file it replaced is kept as { $kept }; delete it when you no longer need it
cli-maintenance-key-file-keep-copy-elsewhere = the backup does not contain the key file { $key }: keep a copy of it elsewhere; without it the backup cannot be read
cli-maintenance-old-key-kept-backups-made = the old key is kept as { $old }: backups made before need it; delete it together with the last of them
cli-maintenance-restored-from = { $database } is restored from { $backup }
cli-maintenance-rotation-had-begun-before-finished = a rotation that was interrupted earlier is now finished
cli-maintenance-schema-now-current = the schema is now current
cli-maintenance-schema-was-current-already = the schema was already current
cli-maintenance-schema-was-older-now-current = its schema was older and is now current
cli-maintenance-values-sealed-anew-under-generation = { $values } values are sealed again with key generation { $generation }; copy { $path } to every host, and back it up

# matching
cli-matching-cluster = cluster
cli-matching-column-values-say-nothing-can = { $file }, column { $column }: { $values } values cannot be compared, the first in line { $first_line }; the comparison leaves them out
cli-matching-evidence = evidence
cli-matching-key-rows-met-blocks-up = key { $key }: { $met } rows fell into blocks of up to { $most_rows } rows, which were narrowed by second keys
cli-matching-left = left
cli-matching-match-needs-config-file-which = match needs --config FILE, which says what the columns mean; see docs/matching.md
cli-matching-right = right
cli-matching-rows-definite-potential-rows-nobody = { $rows_left } and { $rows_right } rows: { $definite } definite, { $potential } potential, { $none } rows without a match; { $clusters } clusters
cli-matching-score = score
cli-matching-text = ;{" "}
cli-matching-verdict = verdict

# open
cli-open-made-root-key-back-up = created a root key; back it up, because without it the data is lost:{" "}

# planned
cli-planned-changed = { $what }: { $before } → { $after }
cli-planned-contested = { $n ->
    [one] { $n } ID number has two names
   *[other] { $n } ID numbers have two names
}
cli-planned-entries = { $n ->
    [one] { $n } entry changes
   *[other] { $n } entries change
}
cli-planned-exempt = entries counted because of age
cli-planned-hours-in-all = {"  "}counted + provisional of the { $n ->
    [one] teacher
   *[other] { $n } teachers
} concerned: { $before } → { $after }
cli-planned-moved = { $n ->
    [one] { $n } teacher changes school
   *[other] { $n } teachers change school
}
cli-planned-new-teacher = new teacher
cli-planned-new-teachers = { $n ->
    [one] { $n } new teacher
   *[other] { $n } new teachers
}
cli-planned-on-roster = { $n ->
    [one] { $n } teacher is added to the roster
   *[other] { $n } teachers are added to the roster
}
cli-planned-other-birth-date = { $n ->
    [one] { $n } teacher gets another birth date
   *[other] { $n } teachers get another birth date
}
cli-planned-other-sex = { $n ->
    [one] { $n } teacher gets another sex
   *[other] { $n } teachers get another sex
}
cli-planned-parked-more = to see each row: `--all`
cli-planned-post = { $school } ({ $from } – { $to })
cli-planned-records = { $source }: { $n ->
    [one] { $n } raw record
   *[other] { $n } raw records
}: { $outcomes }
cli-planned-renamed = { $n ->
    [one] { $n } teacher gets another name
   *[other] { $n } teachers get another name
}
cli-planned-rows-waited-would-go = { $n ->
    [one] { $n } waiting row is loaded
   *[other] { $n } waiting rows are loaded
}
cli-planned-teacher = teacher { $number }
cli-planned-who = { $name }, { $id_number }, { $who }
cli-planned-who-changes = { $who }: { $change }
cli-planned-born = born
cli-planned-id-number-one-name-again = its ID number would have one name again
cli-planned-id-number-two-names-then = its ID number would have two names
cli-planned-name = name
cli-planned-nothing-would-change-all-held = {"\u000A"}  nothing would change: everything is stored already, and need not be uploaded
cli-planned-roster-from-then = added to the roster
cli-planned-rows = rows
cli-planned-schools = schools
cli-planned-sex = sex
cli-planned-would-delivered = would not be delivered: { $file } { $reason }
cli-planned-would-wait-reason = would wait, by reason

# plans
cli-plans-as-many = { $n ->
    [one] { $n } teacher keeps the same hours for other reasons
   *[other] { $n } teachers keep the same hours for other reasons
}
cli-plans-counted = counted
cli-plans-entries-change = entries that change
cli-plans-gain = { $n ->
    [one] { $n } teacher gains { $hours } hours
   *[other] { $n } teachers gain { $hours } hours in all
}
cli-plans-id-number = ID number
cli-plans-lose = { $n ->
    [one] { $n } teacher loses { $hours } hours
   *[other] { $n } teachers lose { $hours } hours in all
}
cli-plans-more = { $shown } of { $total }; `--all` shows all
cli-plans-name = name
cli-plans-new = new
cli-plans-no-name = (no name)
cli-plans-provisional = provisional
cli-plans-separator = ;{" "}
cli-plans-teacher = teacher

# progress
cli-progress-delivering = delivering
cli-progress-pages = { $n ->
    [one] { $n } page
   *[other] { $n } pages
}
cli-progress-pending = delivering: { $records } raw records left
cli-progress-rate = { $n }/s
cli-progress-read = reading: { $n ->
    [one] { $n } record
   *[other] { $n } records
}
cli-progress-read-of = reading: { $read } of { $n ->
    [one] { $n } record
   *[other] { $n } records
}
cli-progress-reading = reading
cli-progress-replaying = replaying
cli-progress-step = replaying: { $done } of { $total } steps
cli-progress-settling = settling

# receive
cli-receive-another-payload-was-handed-idempotency = this idempotency key was used before for another payload; give each payload its own key
cli-receive-body-did-come-within-send = the body did not arrive within { $s } s, or came more slowly than 1,024 bytes a second; send it in parts
cli-receive-body-broke-off = the connection broke off before the body was complete; send it again with the same key
cli-receive-body-more-than-bytes = the body has more than { $MAX_BODY } bytes; send it in parts
cli-receive-cannot-listen-give-another-address = cannot listen at { $address }: { $e }; give another address with --listen
cli-receive-cannot-taken-just-now-send = the payload cannot be accepted right now; send it again with the same key
cli-receive-connector-source-disabled-ask-whoever = the connector of this source is disabled; ask whoever runs Huiliu
cli-receive-no-room = there is no room for the payload on the disk; send it again later with the same key, and tell whoever runs Huiliu
cli-receive-payloads-taken-http-push-source = payloads are accepted at http://{ $address }/push/SOURCE/STREAM
cli-receive-source-busy = this source is sending too many payloads at the same time; send it again with the same key
cli-receive-such-stream-there-send-push = there is no such stream; the streams are { $all }; send to /push/SOURCE/STREAM

# stop
cli-stop-cut-off = stopped before the work was done: what was not finished is rolled back and is done again next time

# refusals over HTTP
cli-problem-headers-too-large = the head of the request is too large; send fewer or shorter header fields
cli-problem-no-method = this address does not accept this method; payloads are sent with POST
cli-problem-no-request = what was sent is not an HTTP request that can be read
cli-problem-no-route = nothing is accepted at this address; send payloads to /push/SOURCE/STREAM

# record
cli-record-what-manifest-does-map-was = letters of what the manifest does not map were masked: read through the sample before you share it; then `huiliu connectors test { $folder } --accept`
cli-record-wrote-names-id-numbers-other = wrote { $where }: { $names } names, { $id_numbers } ID numbers and { $others } other numbers and addresses were replaced by invented ones

# records
cli-records-address = address
cli-records-class-hours = class hours
cli-records-course = course
cli-records-ended = ended
cli-records-flagged = to clear up
cli-records-two-contents = two contents
cli-records-missing = missing from the newest whole
cli-records-withdrawn-missing = withdrawn, missing from the newest whole
cli-records-withdrawn = withdrawn
cli-records-disputed = disputed
cli-records-undone = counts no more: its replay was undone
cli-records-merged = counts no more: it is another record
cli-records-given = as given
cli-records-name = name
cli-records-pass = pass
cli-records-record = record
cli-records-source = source
cli-records-teacher = teacher

# reference
cli-reference-cannot-write-man-pages-give = cannot write man pages in { $folder }: { $e }; give a writable folder
cli-reference-pages = { $pages } pages in { $folder }

# register
cli-register-at = at
cli-register-because = because
cli-register-by = by
cli-register-connector-version-registered-already-same = connector { $connector } version { $version } was already registered with the same content; nothing was changed
cli-register-connector-version-registered-use = connector { $connector } version { $version } is registered and in use
cli-register-connector-version-use = connector { $id }: version { $to } is in use
cli-register-connector-version-was-use-already = connector { $id }: version { $to } was already in use
cli-register-disabled = disabled by { $by }: { $because }
cli-register-from = from
cli-register-nothing-was-registered-sample-does = nothing was registered: a sample does not give the expected result, see above
cli-register-sources-read-again = its sources are read again
cli-register-sources-read-longer-what-was = its sources are no longer read; payloads already received are still delivered
cli-register-use = in use
cli-register-use-huiliu-connectors-rollback-because = it is not in use; `huiliu connectors rollback { $connector } --to { $version } --because TEXT` puts it into use
cli-register-version = version
cli-register-was-disabled-already = it was already disabled
cli-register-was-enabled-already = it was already enabled

# render
cli-render-aside = { $text } ({ $aside })
cli-render-comma = ,{" "}
cli-render-discarded = discarded
cli-render-expected = expected:{" "}
cli-render-inserted = inserted
cli-render-labelled = { $what }: { $text }
cli-render-of-outcome = { $n } { $outcome }
cli-render-only-plan-nothing-was-changed = {"\u000A"}  only a plan: nothing was changed; to do it, run the command again without `--plan`
cli-render-parked = parked
cli-render-part-of-total = { $shown } of { $total }; to see more: `--limit NUMBER`, or `--after { $next }` for the next ones
cli-render-pending = pending
cli-render-received = received
cli-render-skipped = skipped
cli-render-withdrawn = withdrawn
cli-render-superseded = superseded
cli-render-there-none = none found
cli-render-unchanged = unchanged
cli-render-unread = unread
cli-render-unread-2 = unread { $number }: { $source }/{ $stream }  { $payload }: { $reason }
cli-render-updated = updated

# inbox
cli-inbox-what = what waits
cli-inbox-source = source
cli-inbox-waiting = number
cli-inbox-since = since
cli-inbox-responsible = who can act
cli-inbox-command = to see them
cli-inbox-source-failed = failed syncs
cli-inbox-source-late = late source
cli-inbox-file-failed = files not fetched
cli-inbox-batch-quarantined = held batches
cli-inbox-payload-unread = unread payloads
cli-inbox-dead-letter = dead letters
cli-inbox-letter-candidate = dead letters, probably corrected
cli-inbox-record-disputed = disputed records
cli-inbox-record-flagged = records with two contents
cli-inbox-record-missing = missing records
cli-inbox-claim-potential = identities to decide
cli-inbox-name-contradicts = names that contradict
cli-inbox-replay-unapproved = replays to approve
cli-inbox-replay-unfinished = replays half applied
cli-inbox-ledger-differs = entries that differ

# notifications
cli-notifications-number = number
cli-notifications-over = over
cli-notifications-channel = channel
cli-notifications-says = says
cli-notifications-state = state
cli-notifications-at = at
cli-notifications-error = error
cli-notifications-began = it began
cli-notifications-ended = it is over
cli-notifications-due = to be sent
cli-notifications-sent = sent
cli-notifications-not-sent = not sent
cli-notifications-given-up = given up
cli-notifications-many-dead-letters = many dead letters
cli-notifications-failed = { $n ->
    [one] { $n } channel did not take the test
   *[other] { $n } channels did not take the test
}

# replay
cli-replay-close = { $n ->
    [one] { $n } dead letter closes
   *[other] { $n } dead letters close
}
cli-replay-heading = replay { $id }: { $state } · { $at } · { $by }
cli-replay-nothing-been-changed-yet-do = {"\u000A"}nothing has been changed yet; to apply the plan: `huiliu replay apply { $id }`; to see all of it: `huiliu replay show { $id } --all`
cli-replay-records = { $n ->
    [one] { $n } raw record
   *[other] { $n } raw records
}: { $outcomes }
cli-replay-records-more = to see what becomes of { $n ->
    [one] the raw record
   *[other] each of the { $n } raw records
}: `--all`
cli-replay-stay = { $n ->
    [one] { $n } dead letter stays open
   *[other] { $n } dead letters stay open
}
cli-replay-applied-teachers-concerned-settled = {"\u000A"}applied; the hours of the teachers concerned are recomputed
cli-replay-by = by
cli-replay-change = no change
cli-replay-class-hours = class hours
cli-replay-corrected-since = dead letter { $dead_letter } was corrected since
cli-replay-dead-letter-planned-now = dead letter { $dead_letter } ({ $at }): planned { $planned }, now { $now }
cli-replay-mapped-since = mapped value { $mapped_value } was made or withdrawn since
cli-replay-inserted = inserted
cli-replay-letters = dead letters
cli-replay-manifest-rules-connector-others-now = the manifest or the rules of connector { $connector } have changed
cli-replay-nothing-would-change-every-record = {"\u000A"}nothing would change: every record stays parked, and there is nothing to apply
cli-replay-parked = parked
cli-replay-plan-was-finished = the plan was not finished
cli-replay-planned = planned
cli-replay-raw-records = raw records
cli-replay-replay = replay
cli-replay-as-before = as before
cli-replay-course = course
cli-replay-last-day = last day
cli-replay-nothing-would-change-stored = {"\u000A"}nothing would change: every stored record is what it would be if it were read today, and there is nothing to apply
cli-replay-record-planned-now = record { $record } ({ $at }): planned { $planned }, now { $now }
cli-replay-records-as-before = { $n ->
    [one] { $n } record is again what it was
   *[other] { $n } records are again what they were
}
cli-replay-records-unchanged = { $n ->
    [one] { $n } stored record stays as it is
   *[other] { $n } stored records stay as they are
}
cli-replay-result = result
cli-replay-replay-longer-holds-things-moved = replay { $id } is out of date: { $n } things have changed since it was planned; nothing was changed; plan again
cli-replay-skipped = skipped
cli-replay-withdrawn = withdrawn
cli-replay-state = state
cli-replay-superseded = superseded
cli-replay-teacher-planned-class-hours-now = teacher { $person }: planned { $planned } class hours, now { $now }
cli-replay-teachers = teachers
cli-replay-unchanged = unchanged
cli-replay-updated = updated
cli-replay-approval-certificate = {"  "}records with a certificate are written: a second person must approve it
cli-replay-approval-records = {"  "}it is large: a second person must approve it
cli-replay-approve-first = {"\u000A"}nothing has been changed yet; a second person must approve it first: `huiliu replay approve { $id } --because …`; to see all of it: `huiliu replay show { $id } --all`
cli-replay-approved-by = {"  "}approved by { $by } · { $at }
cli-replay-closed-by = { $by } has closed it: { $because }
cli-replay-is-closed = replay { $id } is closed; its dead letters stay open
cli-replay-is-closed-partly-applied = replay { $id } is closed; { $applied } of { $total } steps stay applied; to take them back: `huiliu replay undo { $id }`
cli-replay-is-approved = replay { $id } is approved; to apply it: `huiliu replay apply { $id }`
cli-replay-kept-planned-now = record { $record } of batch { $batch }: planned { $planned }, now { $now }
cli-replay-nothing-to-undo = {"\u000A"}nothing would change: newer work rests on every record of it
cli-replay-parked-again = parked again
cli-replay-partly-applied = replay { $id } went out of date after { $applied } of { $total } steps: { $n } things have changed since it was planned; these steps stay applied, the others were not; plan the rest again, or `huiliu replay undo { $id }`
cli-replay-records-kept = { $n ->
    [one] { $n } raw record stays, because something newer rests on it
   *[other] { $n } raw records stay, because something newer rests on them
}
cli-replay-records-parked-again = { $n ->
    [one] { $n } raw record is parked again
   *[other] { $n } raw records are parked again
}
cli-replay-steps = {"  "}{ $applied } of { $total } steps are applied
cli-replay-to-undo = to take it back: `huiliu replay undo { $id }`
cli-replay-undo-heading = replay { $id }, which undoes replay { $undone }: { $state } · { $at } · { $by }
cli-replay-undone-by = {"  "}undone by replay { $undo }

# roster
cli-roster-address = address
cli-roster-born = {"  "}{ $sex }, born { $birth }
cli-roster-count = {"  "}{ $words }: { $n }
cli-roster-ended-next = until the next membership
cli-roster-from = from
cli-roster-heading = teacher { $teacher }: { $name }  { $origin }
cli-roster-id-number-two-names-rows = {"  "}the ID number has two names in rows of one version
cli-roster-id-numbers-two-names-one = ID numbers with two names in one version
cli-roster-kind = kind
cli-roster-memberships-overlap = memberships that overlap
cli-roster-name = name
cli-roster-overlaps = overlaps
cli-roster-region = region
cli-roster-reports = {"  "}reports to, on { $on }: { $chain }
cli-roster-reports-2 = reports to
cli-roster-reports-3 = reports to
cli-roster-roster-without-school = on the roster without a school
cli-roster-rows = rows
cli-roster-rows-wait-school-person = rows that wait for a school or a person
cli-roster-school = school
cli-roster-schools = schools
cli-roster-source = source
cli-roster-successor = successor
cli-roster-teachers = teachers
cli-roster-teachers-known-from-records-only = teachers known from records only
cli-roster-teachers-roster = teachers on the roster
cli-roster-tier = tier
cli-roster-to = to
cli-roster-until = until
cli-roster-waiting-reason = waiting, by reason
cli-roster-years-old-assessed = {"  "}{ $age } years old on { $as_of }: assessed
cli-roster-years-old-outside-assessment = {"  "}{ $age } years old on { $as_of }: outside the assessment

# rules
cli-rules-activated = the rules are in force (activation { NUMBER($activation, useGrouping: "false") })
cli-rules-activation-in-force = in force: activation { NUMBER($activation, useGrouping: "false") }
cli-rules-in-force = in force
cli-rules-in-force-already = nothing to do: these rules are in force already
cli-rules-jurisdiction = jurisdiction
cli-rules-name = name
cli-rules-name-version = { $given }: expected a name and a version, such as `jilin-2014 3`
cli-rules-nothing-would-change-both-give = nothing would change: both sets of rules give the same hours to all { $teachers } teachers
cli-rules-pack = pack
cli-rules-packs-rules-courses-nothing-wrong = { $packs } packs, { $rules } rules, { $courses } courses: no errors
cli-rules-planned-on = planned on activation { NUMBER($activation, useGrouping: "false") }
cli-rules-stored = registered, and not in force; to put it into force, use `huiliu rules activate`
cli-rules-teachers-would-other-hours-same = {"\u000A"}  of { $teachers } teachers, { $hours_change } would get different hours, and { $reasons_change } the same hours for different reasons; counted + provisional: { $was } → { $is }
cli-rules-title = title
cli-rules-version-changes = { $name }: version { $before } → { $after }
cli-rules-what-ends = for training that ends

# runs
cli-runs-all-runs = all runs
cli-runs-balanced = balanced
cli-runs-balanced-2 = NOT BALANCED
cli-runs-books-balanced = not balanced: not every raw record has exactly one outcome
cli-runs-payload = payload
cli-runs-batch = batch
cli-runs-law = law
cli-runs-expected = expected
cli-runs-found = found
cli-runs-differing-batches = { $n ->
    [one] { $n } batch differs from the other tables:
   *[other] { $n } batches differ from the other tables:
}
cli-runs-law-outcomes = outcomes add up to the records received
cli-runs-law-written = written rows are the records inserted, updated or ranked anew
cli-runs-law-held = written rows less those taken over are stored
cli-runs-law-parked = parked records have open dead letters
cli-runs-law-discarded = discarded records have discarded dead letters
cli-runs-law-superseded = superseded dead letters count as superseded
cli-runs-law-skipped = records left out have a reason
cli-runs-law-withdrawn = stored withdrawals were counted
cli-runs-complete = complete
cli-runs-complete-2 = not complete
cli-runs-ended = ended
cli-runs-failure = problem
cli-runs-full = full
cli-runs-new-field = new field: { $field }
cli-runs-run = run
cli-runs-source = source
cli-runs-started = started
cli-runs-state = state
cli-runs-teachers-due = teachers due
cli-runs-text = ;{" "}

# schedules
cli-schedules-ended = ended
cli-schedules-failure = failure
cli-schedules-failures = failures
cli-schedules-last-run = last run
cli-schedules-last-success = last success
cli-schedules-never = never
cli-schedules-never-itself = not automatic
cli-schedules-next = next
cli-schedules-too-long = { $holder } (until { $until }: the clock was ahead, see `huiliu sources release`)
cli-schedules-read = read by
cli-schedules-schedule = schedule
cli-schedules-source = source
cli-schedules-state = state

# secrets
cli-secrets-by = by
cli-secrets-cannot-take-secret-from-standard = cannot read the secret from standard input: { $why }; give it as in `huiliu secrets set SOURCE password < FILE`
cli-secrets-empty = it is empty
cli-secrets-key = key
cli-secrets-longer-than-bytes = it is longer than { $MAX_SECRET } bytes
cli-secrets-removed = removed
cli-secrets-sealed-shown-again = sealed; it is not shown again
cli-secrets-secret = secret
cli-secrets-set = set
cli-secrets-source = source

# sources
cli-sources-connector = connector
cli-sources-from = from
cli-sources-institution = institution
cli-sources-never-itself = not automatic
cli-sources-place = place
cli-sources-registered = registered
cli-sources-registered-settings-file-used = registered; overridden by the settings file
cli-sources-registered-workers-take-up-within = registered; workers start using it within seconds
cli-sources-released = released: it can be read again; { NUMBER($batches, useGrouping: "false") } of its batches are due again
cli-sources-removed-what-received-stays = removed; what it has received is kept
cli-sources-schedule = schedule
cli-sources-secrets = secrets
cli-sources-settings-file = settings file
cli-sources-source = source
cli-sources-source-stands-settings-file-too = source { $name } is in the settings file too, and that entry is used

# sync
cli-sync-balanced = balanced
cli-sync-balanced-2 = NOT BALANCED
cli-sync-books-balanced-fault-huiliu-please = not balanced: not every raw record has exactly one outcome; this is a bug in Huiliu, please report it with the output of `huiliu runs list --json`
cli-sync-complete = complete
cli-sync-complete-2 = not complete
cli-sync-expected-what-came-kept = not as expected (what was received is kept): { $value }
cli-sync-open-payloads = { $n ->
    [one] { $n } payload that came earlier
   *[other] { $n } payloads that came earlier
} cannot be decoded; see `huiliu payloads list`, then correct the manifest and run `huiliu payloads retry`, ask for the file again, or dismiss with `huiliu payloads dismiss`
cli-sync-failed = failed:{" "}
cli-sync-raw-records-delivered-they-tried = { $n } raw records are not delivered: they are retried later, or wait for a person; see `huiliu batches list`
cli-sync-read = { $source }: not read: { $error }
cli-sync-source = source
cli-sync-source-run-failed-what-came = source { $source }: the run failed, what was received before is kept: { $failure }
cli-sync-stopped = stopped:{" "}
cli-sync-stopped-what-was-received-kept = stopped; what was received is kept, and { $undelivered } raw records of it are still to be delivered
cli-sync-teachers-due = teachers due
cli-sync-text = ;{" "}
cli-sync-total = total

# teachers
cli-teachers-above-cap-nothing-counts = above a cap, not counted
cli-teachers-absent-too-much-counted = attendance too low, not counted
cli-teachers-asked = {" "}· { $required } required, { $enough }
cli-teachers-cannot-read-id-number-from = cannot read an ID number from standard input: { $e }
cli-teachers-certificate-revoked-counted = certificate revoked, not counted
cli-teachers-disputed = disputed, not counted
cli-teachers-withdrawn = withdrawn by the source, not counted
cli-teachers-missing-withdrawn = withdrawn as missing, not counted
cli-teachers-missing = not in the { $whole }: { $state }
cli-teachers-withdrawn-by = the source took it back: { $because } · { $address }
cli-teachers-disputed-by-row = disputed: a newer row about it was left out: { $because } · { $address }
cli-teachers-disputed-by-letter = disputed: a newer version of it cannot be used, dead letter { $letter } · { $address }
cli-teachers-class-hours = class hours
cli-teachers-conversion = {"    "}conversion: { $basis }: { $source }
cli-teachers-counted = counted
cli-teachers-counted-2 = not counted
cli-teachers-counted-provisional = {"  "}{ $cycle }: { $counted } counted, { $provisional } provisional
cli-teachers-counts-region = counts for region{" "}
cli-teachers-counts-year-after = of it carried over to the next year
cli-teachers-cut = cut
cli-teachers-cut-by = {"    "}{ $what } { $hours }: { $rule } ({ $basis }): { $source }
cli-teachers-cycle = cycle
cli-teachers-cycle-2 = in no cycle
cli-teachers-decision = {"    "}decision { $decision } of { $actor }, { $day }: { $because }
cli-teachers-duplicate-counted = duplicate, not counted
cli-teachers-enough = with enough
cli-teachers-explained = teacher { $teacher }: { $counted } class hours + { $provisional } provisional
cli-teachers-exported-left-over = {" "}· exported as { $rounded }, left over { $sign }{ $residue }
cli-teachers-give-teacher-number-id-number = give a teacher's number, or `-` and the ID number on standard input
cli-teachers-hours-those-record = its hours are those of record{" "}
cli-teachers-met = met
cli-teachers-met-2 = not met
cli-teachers-name-contradicts-id-number-counted = name contradicts the ID number, not counted
cli-teachers-passed-counted = not passed, not counted
cli-teachers-provisional = provisional
cli-teachers-received = as received:{" "}
cli-teachers-record-payload-batch-manifest-version = {"    "}record { $record }, payload { $payload }, batch { $batch }, manifest version { $manifest }, claim by { $by }
cli-teachers-rests-rules = by the basis of their rules:{" "}
cli-teachers-rule = {"    "}rule: { $rule } ({ $basis }): { $source }
cli-teachers-place-not-kept = where is not known
cli-teachers-flagged = another content of this record came as the same version: { $places }; what landed last was taken, and the platform has to say which is right
cli-teachers-sent-again = {"    "}the same training as record { $record }: same platform, same course, same days, only another record key; the crosswalk does not know the course
cli-teachers-same-course-record = the same course as record{" "}
cli-teachers-standard-input = standard input: { $e }
cli-teachers-teachers = teachers
cli-teachers-today-manifest-does-find-any = the current manifest no longer finds it

# upload
cli-upload-files-cannot-read-their-end = the files cannot be read to the end; the plan covers what came before: { $why }
cli-upload-what-was-handed-until-then = what was uploaded until then is kept; upload the files again, nothing counts twice

# words
cli-words-built = built in
cli-words-registered = registered

# words-guesses
cli-words-guesses-calendar-days = the hours in { $path } are written as calendar days, such as P2D, which are no training time: is each a day of training? Otherwise ask for the class hours
cli-words-guesses-groups = several trainings are in one row: { $groups }. Each is a record with its own course_code and hours, so none is read yet: ask for a table with one training per row, or write a [[stream]] for each of these groups, with a rule that skips its blank rows
cli-words-guesses-groups-named-alike = several trainings are in one row, under columns of the same names: { $groups }. Each is a record with its own course_code and hours, so none is read: ask for a table with one training per row, or with a name of its own for each column
cli-words-guesses-no-year = { $path } is named as period_end, but its days have no year: { $odd }; ask for full dates
cli-words-guesses-several-units = the hours in { $path } state several units, so one unit cannot be right for all: a text with its unit is read in that one, but in which unit are these: { $odd }?
cli-words-guesses-1-2-3 = 1, 2, 3 …
cli-words-guesses-answered = { $question } Write: { $lines }
cli-words-guesses-birth-dates-id-numbers = the birth dates of the ID numbers
cli-words-guesses-but-could-meant-too = but it could also be { $path }
cli-words-guesses-class-hours = class hours
cli-words-guesses-clock-hours = clock hours
cli-words-guesses-codes = codes
cli-words-guesses-credits = credits
cli-words-guesses-dates = dates
cli-words-guesses-day-file-name = the day in the file's name
cli-words-guesses-days = days
cli-words-guesses-each-stands-once = each value occurs once
cli-words-guesses-empty = { $percent } % are empty
cli-words-guesses-first-days-after-last-days = first days after last days
cli-words-guesses-first-days-before-last-days = first days before last days
cli-words-guesses-first-last-day-one-cell = first and last day in one cell
cli-words-guesses-first-last-day-one-cell-2 = { $path } has the first and last day in one cell; how should they be split?
cli-words-guesses-given-name-stands = the given name is in { $path }
cli-words-guesses-goes-code-title-one-one = each value goes with one code or title
cli-words-guesses-half-days = half days
cli-words-guesses-header-row = { $format } in { $encoding }, header in row { $row }
cli-words-guesses-hours-minutes-seconds = hours:minutes:seconds
cli-words-guesses-html-table = HTML table
cli-words-guesses-id-numbers-masked-rounded-wrong = the ID numbers in { $path } are masked, rounded or wrong; ask for complete ones, stored as text
cli-words-guesses-in = { $format }, { $item } in { $root }
cli-words-guesses-is-the = is { $path } the { $field }? ({ $confidence } %)
cli-words-guesses-layers = the header has a third row below { $path }: which of the columns below it is meant? Write the table with a header of at most two rows
cli-words-guesses-list = { $format }, list at { $items }
cli-words-guesses-list-itself = { $format }, the list itself
cli-words-guesses-minutes = minutes
cli-words-guesses-months-without-day = months without a day
cli-words-guesses-name = its name contains { $word }
cli-words-guesses-named = named { $word }
cli-words-guesses-names-day-month-ask-whole = { $path } has no day of the month; ask for full dates
cli-words-guesses-names-people = names of people
cli-words-guesses-nothing-sample = nothing in the sample
cli-words-guesses-nothing-says-whether-teacher-passed = nothing says whether the teacher passed: is the training not assessed, or is the result elsewhere?
cli-words-guesses-nothing-surely-says-whether-teacher = nothing says for certain whether the teacher passed: is it one of { $columns }, or is the training not assessed?
cli-words-guesses-numbers = numbers
cli-words-guesses-numbers-from = numbers from { $low } to { $high }
cli-words-guesses-numbers-their-unit = numbers with their unit
cli-words-guesses-odd = { $path } is named as { $field }, but some of its texts cannot be read: { $odd }
cli-words-guesses-one-name-per-id-number = one name per ID number
cli-words-guesses-only-record = only { $records } record(s)
cli-words-guesses-only-such-column = the only such column
cli-words-guesses-out-points = out of { $full } points
cli-words-guesses-out-points-scaled-if-were = is { $path } out of { $full } points? It is scaled on that assumption
cli-words-guesses-out-points-which-cannot-told = { $path } is out of { $full } points, and not every score converts exactly to one out of 100; those that do not are parked. Say the scale, or ask for a result or a score out of 100
cli-words-guesses-phone-numbers = phone numbers
cli-words-guesses-pinyin-initials = pinyin initials of { $word }
cli-words-guesses-read-from = { $field } is read from { $path }; or is it { $other }?
cli-words-guesses-right-check-digit = { $percent } % with a valid check digit
cli-words-guesses-school-codes = school codes
cli-words-guesses-seconds = seconds
cli-words-guesses-sheets-header-row = { $format }, sheets { $sheets }, header in row { $row }
cli-words-guesses-sheets-left = the sheets { $names } have tables that this manifest does not read: name the sheets alike and set `sheets`, or give each its own stream
cli-words-guesses-there-code-so-title-serves = there is no code, so the title serves as one
cli-words-guesses-three-component-scores = the three component scores
cli-words-guesses-titles-come-again = titles that repeat
cli-words-guesses-total-score = the total score { $path }
cli-words-guesses-two-columns-named-give-one = two columns are named { $path }; rename one of them
cli-words-guesses-unread = { $path } is not read; it stays in the raw record
cli-words-guesses-unread-identifying = { $path } is not read; with `known_by = "any"` it can be mapped as { $field }
cli-words-guesses-what-landed-last-counts = the payload received last counts
cli-words-guesses-which-column-none-surely = which column is { $field }? None is certain
cli-words-guesses-which-unit-minute-class-hour = in which unit is { $path }: minute, class_hour, hour, day or credit?
cli-words-guesses-unit-note = the sample says { $note }, which may contradict how hours are read from { $path }: in which unit are they?
cli-words-guesses-other-hours = no column is surely the hours of each training: { $columns } may be per week, per time, required, left or added up. Which one is hours?
cli-words-guesses-product = the hours are probably the product { $columns }, which no line of a manifest computes: ask for a column with the hours of each training
cli-words-guesses-pass-mark = the sample says { $note }, but the rules decide by `score_total` who passes, from 60 on: is that right for this training?
cli-words-guesses-scales = the scores in { $path } seem to have two scales: some are up to { $low }, others up to { $high }. The rules decide by `score_total` who passes: are all of them out of 100? If not, ask for scores of one scale
cli-words-guesses-adjusted = `hours` is read from { $path }, but { $other } may change them ({ $seen }): is that counted in already? If not, ask for the hours that count
cli-words-guesses-legend = the sample says { $note }, which is how the codes of { $path } decide the `result`: are they to be read so?
cli-words-guesses-blank = { $field } is read from { $path }, but { $other }, which is named so, has no values; if it has formulas, open the file in a spreadsheet, calculate and save it, and infer again
cli-words-guesses-shared-code = `course_code` is read from { $path }, but one code there stands for several titles in { $title }, so it may be that of a project, and two courses would count once. Is it the course's own code?
cli-words-guesses-shared-key = records of the sample have the same `record_key` ({ $key }), so that only the last of them would count: which column tells them apart? { $columns }
cli-words-guesses-sum = the hours are probably the sum { $columns }, which no line of a manifest computes: ask for a column with the hours of each training
cli-words-guesses-withdrawn = { $path } has { $words }: if such records do not count, their `hours` must be left out
cli-words-guesses-lists = records of people, each with its own `id_number` and `hours`, are in { $lists }; only the first of these is read: write a `[[stream]]` for each that counts
cli-words-guesses-words-field = the words of this field
cli-words-guesses-words-result = words for a result
cli-words-guesses-workbook = workbook
cli-words-guesses-written-hours-minutes-seconds-ask = { $path } is written as hours:minutes:seconds; ask for a number

# words-matching
cli-words-matching-address = address
cli-words-matching-another-candidate-very-name = another candidate has the same name
cli-words-matching-another-order = in another order
cli-words-matching-birth-date = birth date
cli-words-matching-close = close
cli-words-matching-definite = definite
cli-words-matching-differs = differs
cli-words-matching-differs-damaged = differs, damaged
cli-words-matching-differs-same-area-birth-date = differs, same area and birth date
cli-words-matching-equal = equal
cli-words-matching-equal-valid-number = equal, not a valid number
cli-words-matching-family-name = family name
cli-words-matching-family-name-only = family name only
cli-words-matching-former-name = former name
cli-words-matching-former-name-2 = a former name
cli-words-matching-given-name = given name
cli-words-matching-id-number = ID number
cli-words-matching-initial = an initial
cli-words-matching-last-digits-lost-spreadsheet = last digits lost in a spreadsheet
cli-words-matching-look-alike = look alike
cli-words-matching-masked-3-4-agree = masked, 3+4 agree
cli-words-matching-masked-4-4-agree = masked, 4+4 agree
cli-words-matching-masked-6-4-agree = masked, 6+4 agree
cli-words-matching-masked-what-shown-agrees = masked, the visible part agrees
cli-words-matching-name = name
cli-words-matching-nearly-same-sound = sounds nearly the same
cli-words-matching-none = none
cli-words-matching-one-character-apart = one character apart
cli-words-matching-one-digit-apart = one digit apart
cli-words-matching-one-two-characters = one of two characters
cli-words-matching-part-other = one is part of the other
cli-words-matching-phone = phone
cli-words-matching-postcode = postcode
cli-words-matching-potential = potential
cli-words-matching-prior = prior
cli-words-matching-region = region
cli-words-matching-same-name = same name
cli-words-matching-same-region-only = same region only
cli-words-matching-same-sound = sounds the same
cli-words-matching-same-sound-but-tone = sounds the same except for the tone
cli-words-matching-same-sound-shape = sounds or looks the same
cli-words-matching-same-year-only = same year only
cli-words-matching-school = school
cli-words-matching-school-code = school code
cli-words-matching-sex = sex
cli-words-matching-somewhat-alike = somewhat alike
cli-words-matching-teacher-number = teacher number
cli-words-matching-text = text
cli-words-matching-too-many-share-what-known = too many people share the known details
cli-words-matching-two-candidates-too-near-each = two candidates have nearly the same score
cli-words-matching-two-digits-apart = two digits apart
cli-words-matching-two-digits-exchanged = two digits swapped
cli-words-matching-variant-characters = in variant characters

# words-reasons
cli-words-reasons-adopted = adopted
cli-words-reasons-adult-higher-education = adult higher education
cli-words-reasons-adult-junior-middle-school = adult junior middle school
cli-words-reasons-adult-primary-school = adult primary school
cli-words-reasons-adult-senior-middle-school = adult senior middle school
cli-words-reasons-applied = applied
cli-words-reasons-assessed = not assessed
cli-words-reasons-assumed = assumed
cli-words-reasons-claimed = claimed
cli-words-reasons-class-hours = class hours
cli-words-reasons-closed = closed
cli-words-reasons-connectors = connectors
cli-words-reasons-correctional-school = correctional school
cli-words-reasons-county = county
cli-words-reasons-credits = credits
cli-words-reasons-database = database
cli-words-reasons-days = days
cli-words-reasons-definite = definite
cli-words-reasons-discarded = discarded
cli-words-reasons-done = done
cli-words-reasons-due = due
cli-words-reasons-excellent = excellent
cli-words-reasons-fail = fail
cli-words-reasons-failed = failed
cli-words-reasons-failed-2 = failed
cli-words-reasons-female = female
cli-words-reasons-gone = gone
cli-words-kept-decided = stays: a person has decided about it since
cli-words-kept-earlier-release = stays: an earlier release applied it
cli-words-kept-letter-changed = stays: its dead letter was discarded or received anew
cli-words-kept-newer = stays: something newer has changed it since
cli-words-kept-overtaken = stays: its stream has received older versions since
cli-words-kept-received-again = stays: it was received again since
cli-words-kept-roster = stays: it is a row of the roster
cli-words-reasons-half-days = half days
cli-words-reasons-higher-education = higher education
cli-words-reasons-hours = hours
cli-words-reasons-id-number = ID number
cli-words-reasons-id-number-name = ID number and name
cli-words-reasons-inserted = inserted
cli-words-reasons-junior-middle-school = junior middle school
cli-words-reasons-key = key
cli-words-reasons-key-file = key file
cli-words-reasons-kindergarten = kindergarten
cli-words-reasons-male = male
cli-words-reasons-minutes = minutes
cli-words-reasons-new = new
cli-words-reasons-none = none
cli-words-reasons-open = open
cli-words-reasons-orphans = orphans
cli-words-reasons-other = other
cli-words-reasons-parked = parked
cli-words-reasons-pass = pass
cli-words-reasons-passed = passed
cli-words-reasons-pending = pending
cli-words-reasons-planned = planned
cli-words-reasons-planning = planning
cli-words-reasons-potential = potential
cli-words-reasons-prefecture = prefecture
cli-words-reasons-primary-school = primary school
cli-words-reasons-province = province
cli-words-reasons-provisional = provisional
cli-words-reasons-quarantined = quarantined
cli-words-reasons-queue = queue
cli-words-reasons-reports-province = reports to the province
cli-words-reasons-roster = of the roster
cli-words-stage-read = read
cli-words-stage-validate = validate
cli-words-stage-match = match
cli-words-responsible-institution = the institution
cli-words-responsible-administrator = an administrator
cli-words-responsible-operations = operations
cli-words-reasons-running = running
cli-words-reasons-schema = schema
cli-words-reasons-secondary-vocational-school = secondary vocational school
cli-words-reasons-senior-middle-school = senior middle school
cli-words-reasons-settings = settings
cli-words-reasons-special-school = special school
cli-words-reasons-stale = stale
cli-words-reasons-stated = stated
cli-words-reasons-stopped = stopped
cli-words-reasons-superseded = superseded
cli-words-reasons-sweep = sweep
cli-words-reasons-teacher-number-name = teacher number and name
cli-words-reasons-unchanged = unchanged
cli-words-reasons-updated = updated
cli-words-reasons-vocational-junior-middle-school = vocational junior middle school

# worker
cli-worker-worker-started-stop-ctrl-c = worker started; stop it with Ctrl-C or SIGTERM

# help
cli-help-allowed = {" "}(one of { $values })
cli-help-arguments = Arguments
cli-help-command-help = Print the help of a command
cli-help-commands = Commands
cli-help-default = {" "}(default { $value })
cli-help-example = Example:
cli-help-flag = Print help
cli-help-options = Options
cli-help-usage-command = <COMMAND>
cli-help-usage-options = {"[OPTIONS]"}
cli-help-usage = Usage:{" "}
cli-help-variable = {" "}(variable { $variable })
cli-help-version = Print the version

# mistakes of a command line
cli-mistake-conflict = { $argument } cannot be used with { $other }
cli-mistake-help = for more, try --help
cli-mistake-missing-argument = { $argument } is missing
cli-mistake-missing-command = a command is missing; the commands are { $commands }
cli-mistake-no-value = { $argument } needs a value
cli-mistake-other = the command line is wrong: { $why }
cli-mistake-told = huiliu: { $lines }
cli-mistake-unknown-argument = there is no option { $argument }
cli-mistake-unknown-argument-suggested = there is no option { $argument }; did you mean { $suggested }?
cli-mistake-unknown-command = there is no command { $command }
cli-mistake-unknown-command-suggested = there is no command { $command }; did you mean { $suggested }?
cli-mistake-value = { $argument } cannot be { $value }: { $why }
cli-mistake-value-not-allowed = { $argument } cannot be { $value }; allowed: { $allowed }
cli-mistake-actor = give a name of 1 to { $most } characters
cli-mistake-day = give a day as YYYY-MM-DD
cli-mistake-not-a-number = give a whole number
cli-mistake-out-of-range = give a number from { $from } to { $to }
cli-mistake-why = say why
cli-mistake-setting = give it as KEY=VALUE
cli-words-file-name = file name
cli-words-field = { $title } ({ $given })
cli-words-task-crashed = a task ended because of a program error
cli-words-task-cancelled = a task was cancelled
cli-words-rule-pass-gate = hours count after a pass
cli-words-rule-not-assessed = records never assessed
cli-words-rule-duplicate = the same course counts once
cli-words-rule-identity = name and ID number
cli-words-rule-comprehensive = comprehensive grade
cli-words-rule-revocation = revoked certificate
cli-words-rule-attendance = attendance
cli-words-rule-minimum = least hours of a record
cli-words-rule-exempt = exempt by age
cli-words-rule-carry-over = carried into the next year
cli-teachers-arithmetic = { $amount } { $unit } × { $units } / { $whole } = { $hours } class hours
cli-words-reasons-records-without-claim = records without a claim
cli-words-reasons-records-without-batch = records without a batch
cli-words-reasons-roster-rows-without-batch = roster rows without a batch
cli-words-reasons-sightings-without-batch = sightings without a batch
cli-words-reasons-claims-without-teacher = claims without a teacher
cli-words-reasons-records-without-offering = records without their offering
cli-words-reasons-entries-without-record = entries without a record
cli-words-reasons-sightings-without-dead-letter = sightings without a dead letter
cli-words-schema-current = current
cli-words-schema-empty = no tables yet; run `huiliu migrate`
cli-words-schema-unknown = made by another program or a newer version
cli-words-schema-behind = { $applied } of { $known } migrations done; run `huiliu migrate`

# log
cli-log-not-delivered = not delivered; the next sweep will announce the batch again: { $e }
cli-log-quarantined = quarantined: { $why }
cli-log-not-quarantined = not quarantined yet: { $e }
cli-log-suspect-ended = the process that ran a suspect batch alone ended with “{ $status }”; trying again later
cli-log-suspect-not-started = no process could be started for a suspect batch: { $e }
cli-log-not-postponed = not postponed: { $e }
cli-log-sweep-failed = the sweep failed; trying again: { $e }
cli-log-registry-unread = the registry cannot be read; trying again: { $e }
cli-log-batches-unread = waiting batches cannot be listed; trying again: { $e }
cli-log-delivery-crashed = a delivery ended early; it will be taken over once its lease expires: { $e }
cli-log-not-accepted = nothing was accepted: { $why }
cli-log-database-silent = the database does not answer; trying again: { $e }
cli-log-all-done = nothing is left to do; stopping
cli-log-stopping = stop requested; finishing what is under way
cli-log-batches-returned = returned the unfinished batches
cli-log-claims-kept = claimed batches were not returned; their leases will expire: { $e }
cli-log-claims-kept-late = claimed batches were not returned in time; their leases will expire
cli-log-source-unread = the source cannot be read: { $e }
cli-log-source-unread-again = the source cannot be read; trying again: { $e }
cli-log-connector-disabled = not read: its connector is disabled
cli-log-schedules-unread = the schedules cannot be read; trying again: { $e }
cli-log-no-lease = the source's lease was not obtained; trying again: { $e }
cli-log-sync-failed = the sync failed; trying again: { $e }
cli-log-sync-ended = the sync ended
cli-log-sync-broke-off = the sync broke off; trying again: { $e }
cli-log-passes-not-judged = passes were not judged, trying again: { $e }
cli-log-not-settled = not settled, trying again: { $e }
cli-log-not-verified = the ledger was not verified, trying again: { $e }
cli-log-sheets-not-taken = correction sheets could not be taken, trying again: { $e }
cli-words-reasons-skipped = skipped
cli-words-reasons-withdrawn = withdrawn
cli-words-reasons-seconds = seconds
cli-mistake-surplus-argument = the argument { $argument } is not expected here
cli-mistake-not-an-address = an address such as 127.0.0.1:8080 is expected
cli-words-rule-name = { $words } ({ $name })
cli-words-rule-weights = weights of the scores
cli-words-rule-bands = bands of the grades
cli-words-rule-rounding = rounding on export
cli-words-rule-requirement = hours required
cli-words-rule-credit = hours of a credit
cli-words-rule-conversion = conversion of hours
cli-words-rule-cap = cap on hours
cli-words-rule-setting = choice that the documents leave open
cli-words-by-decision = decision { $number }
cli-decisions-decision-undone = {"\u000A"}  decision { $number } is undone
cli-log-too-many-payloads = other payloads are being received
cli-decisions-only-itself = {"\u000A"}  only a plan: nothing was changed; the decision itself is all that would be recorded

# verify
cli-verify-teachers = { $n ->
    [one] { $n } teacher verified
   *[other] { $n } teachers verified
}
cli-verify-entries = { $n ->
    [one] { $n } entry compared
   *[other] { $n } entries compared
}
cli-verify-waiting = { $n ->
    [one] { $n } teacher waits to be settled
   *[other] { $n } teachers wait to be settled
}
cli-verify-differing = { $n ->
    [0] nothing differs
    [one] { $n } field differs
   *[other] { $n } fields differ
}
cli-verify-difference = teacher { $teacher }, record { $record }, { $field }: stored { $stored }, derived { $derived }
cli-verify-ledger-differs = the stored ledger is not what rules, decisions and records give; find out who changed the database, then restore a backup from before, or report this with the list
cli-verify-first-of = the first { $shown } of { $all } differences
cli-verify-no-value = none
cli-verify-teacher = teacher
cli-verify-record = record
cli-verify-field = field
cli-verify-stored = stored
cli-verify-derived = derived
cli-progress-verifying = verifying
cli-progress-verified = { $n ->
    [one] { $n } teacher verified
   *[other] { $n } teachers verified
}
cli-infer-one-key = press the number of an answer; any other key leaves the question open
cli-record-rewritten = this workbook format cannot be written, so the sample is .xlsx with the same cells; sheets that the manifest does not read are left out
