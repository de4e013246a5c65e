# 其他句子前后的话。
common-attempts = { $attempts ->
    [1] { $sentence }
   *[other] { $sentence }（已请求 { $attempts } 次）
}
common-place = { $place }：{ $sentence }
common-platform-says = { $sentence }；平台提示：{ $platform_says }
# 旧版汇流保存的原句。
common-stored_text = { $text }
