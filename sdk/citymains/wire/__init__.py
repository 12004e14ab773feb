"""gRPC: dataclass and question to message and back by field name, one server, one client, errors to status and back."""
