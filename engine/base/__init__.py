"""What every part of the engine stands on: errors, files written whole, devices,
notices, brightness, what is solved in float32."""
