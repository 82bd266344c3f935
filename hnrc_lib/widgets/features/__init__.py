"""From a waveform to cepstral coefficients, frame by frame, each stage to be seen and heard."""
