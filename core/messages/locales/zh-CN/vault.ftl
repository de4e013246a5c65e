# 密钥与密钥文件。
key-form = 根密钥应为 64 位十六进制数字（32 字节），或 `huiliu keys rotate` 写成的完整密钥文件；可用 `openssl rand -hex 32` 生成
key-sealed = 密封的数据无法解开：密封时用的是另一把密钥，或数据已被改动
key_file-read = 无法读取根密钥 { $file }：{ $why }
key_file-form = { $file }：{ $why }
key_file-write = 无法写入根密钥 { $file }：{ $why }
key_file-being_rotated = 另一个进程正在轮换 { $file }；请等它结束
key_file-random = 系统没有给出生成根密钥所需的随机数：“{ $why }”
