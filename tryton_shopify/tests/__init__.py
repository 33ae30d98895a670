"""The module's own tests, in Tryton's harness and without a server; they need no company template."""
