# The queue.
queue-unreachable = cannot open the queue { $queue }: { $why }; check the path or address (--queue)
queue-refused = the queue did not take a message: { $why }
queue-scheme = this version supports sqlite:PATH, redis://HOST:PORT/DB and rediss://HOST:PORT/DB
queue-address = it is not a Redis address: “{ $why }”
queue-password = wrong user name or password
queue-redis = “{ $why }”
queue-ended = the receiver of messages ended unexpectedly: “{ $why }”
