import './routes/system.ts'
import './routes/accounts.ts'
import './routes/api_tokens.ts'
import './routes/albums.ts'
