# What the operating system says.
system-not_found = there is no such file or directory
system-permission_denied = permission denied
system-already_exists = it already exists
system-not_a_directory = it is not a directory
system-is_a_directory = it is a directory, not a file
system-read_only = the file system is read-only
system-disk_full = no space is left on the disk
system-too_many_files = too many files are open
system-address_in_use = the address is already in use
system-connection_refused = the connection was refused
system-connection_reset = the other side closed the connection
system-timed_out = there was no answer in time
system-unreachable = the network or the host cannot be reached
system-unknown_host = there is no host with this name
system-unexpected_end = it ends too early
system-not_utf8 = its content is not UTF-8
system-other = “{ $text }”
