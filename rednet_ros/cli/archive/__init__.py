"""`rednet-track FOLDER --output DIR`: every video below a folder, one by one; a run goes on where the last ended."""
