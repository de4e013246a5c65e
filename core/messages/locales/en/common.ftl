# What is said around other sentences.
common-attempts = { $attempts ->
    [1] { $sentence }
   *[other] { $sentence } (asked { $attempts } times)
}
common-place = { $place }: { $sentence }
common-platform-says = { $sentence }; the platform says: { $platform_says }
# A sentence that an earlier version of Huiliu has stored.
common-stored_text = { $text }
