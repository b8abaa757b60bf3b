"""What the warehouse holds of counts and fits: all SQL of the fit is here."""
