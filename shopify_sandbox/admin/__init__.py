"""The GraphQL Admin API: what is published, what a document says and costs, and how it is answered."""
