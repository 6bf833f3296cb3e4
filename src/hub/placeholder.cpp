namespace modernbert {}
