"""What Alembic runs for every command: our tables, our version table, on the connection it was handed."""

from alembic import context

from migrations.matching import OPTIONS, rendered
from trading.store.tables import Row

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Row.metadata,
    render_as_batch=True,
    render_item=rendered,
    transactional_ddl=True,
    **OPTIONS,
)
with context.begin_transaction():
    context.run_migrations()
