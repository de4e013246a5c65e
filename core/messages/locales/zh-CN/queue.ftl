# 队列。
queue-unreachable = 无法打开队列 { $queue }：{ $why }；请检查路径或地址（--queue）
queue-refused = 队列没有接收消息：{ $why }
queue-scheme = 此版本支持 sqlite:路径、redis://主机:端口/库号 和 rediss://主机:端口/库号
queue-address = 这不是 Redis 的地址：“{ $why }”
queue-password = 用户名或密码不对
queue-redis = “{ $why }”
queue-ended = 接收消息的任务自行终止：“{ $why }”
