"""The Soulseek network: its server, its users, their files, rooms and messages."""
