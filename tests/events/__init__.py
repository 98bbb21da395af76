"""Events as receivers see them: their XML, their schemas, their description."""
