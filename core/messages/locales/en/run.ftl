# What a pass did not meet of what its manifest expects.
run-short = { $stream }: { $received } records received, but the platform counts { $total }
run-too_few_records = { $stream }: { $records } records, expected at least { $min }
run-too_many_records = { $stream }: { $records } records, expected at most { $max }
run-too_many_parked = { $stream }: { $parked } parked, expected at most { $max }
run-too_large_share_parked = { $stream }: { $parked } of { $records } parked, expected at most { $max_percent } %
run-not_fresh = { $stream }: the newest record ends on { $newest }, expected within the last { $days } days
run-no_record = { $stream }: no records, expected at least one from the last { $days } days
run-process_ended = the process that ran it ended

# Why a batch is quarantined.
batch-crashed = the process that delivered this batch alone was ended by signal { $signal }
contract-broken = quarantined because the batch breaks the contract of its stream: { $problems }; correct the manifest, or release the batch as it is with `huiliu batches release`
contract-shared_problem = { $reason } in field { $field } in { $records } of { $of } records
run-listing_restarted = { $stream }: read from the beginning of the listing again, because the place at which the last run stopped was refused ({ $why })
