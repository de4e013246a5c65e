# The queue.
queue-unreachable = cannot open the queue { $queue }: { $why }; check the path or address (--queue)
queue-refused = the queue did not take a message: { $why }
queue-scheme = this version knows sqlite:PATH, redis://HOST:PORT/DB and rediss://HOST:PORT/DB
queue-address = it is no address of a Redis: “{ $why }”
queue-password = wrong user name or password
queue-redis = “{ $why }”
queue-ended = what hears the messages ended by itself: “{ $why }”
