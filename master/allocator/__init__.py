"""Who is offered what next."""
