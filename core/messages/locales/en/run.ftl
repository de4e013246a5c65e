# What a pass did not meet of what its manifest expects.
run-short = { $stream }: { $received } records came, the platform counts { $total }
run-too_few_records = { $stream }: { $records } records, expected at least { $min }
run-too_many_records = { $stream }: { $records } records, expected at most { $max }
run-too_many_parked = { $stream }: { $parked } parked, expected at most { $max }
run-too_large_share_parked = { $stream }: { $parked } of { $records } parked, expected at most { $max_percent } %
run-not_fresh = { $stream }: the newest last day is { $newest }, expected within { $days } days
run-no_record = { $stream }: no records, expected at least one from the last { $days } days
run-process_ended = the process that ran it ended
