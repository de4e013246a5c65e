# Keys and the key file.
key-form = the root key must be 64 hexadecimal digits (32 bytes), or a whole key file as `huiliu keys rotate` writes it; make one with `openssl rand -hex 32`
key-sealed = a sealed value cannot be opened: it was sealed with another key or has been altered
key_file-read = the root key { $file } cannot be read: { $why }
key_file-form = { $file }: { $why }
key_file-write = the root key { $file } cannot be written: { $why }
key_file-being_rotated = another process is rotating { $file }; wait until it has ended
key_file-random = the system gave no random bytes for a root key: “{ $why }”
