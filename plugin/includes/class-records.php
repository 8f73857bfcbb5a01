<?php
/**
 * Rows that the extension keeps in the parent's database.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * A table of rows with a kind, an id, a state, a revision and a text. What they mean, and which may
 * follow which, is the extension's to say. On multisite there is one table for the network.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Records {

	/** Option with the version of the table that is there. */
	public const VERSION_OPTION = 'wp_codebox_records_version';

	private const VERSION = '1';

	/**
	 * Makes the table, or brings it up to date.
	 *
	 * @since 0.1.0
	 */
	public static function install(): void {
		global $wpdb;
		if ( self::is_installed() ) {
			return;
		}
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$table   = self::table();
		$collate = $wpdb->get_charset_collate();
		dbDelta(
			"CREATE TABLE {$table} (
				seq bigint(20) unsigned NOT NULL AUTO_INCREMENT,
				kind varchar(40) NOT NULL,
				id varchar(64) NOT NULL,
				state varchar(20) NOT NULL,
				revision bigint(20) unsigned NOT NULL,
				body longtext NOT NULL,
				PRIMARY KEY  (seq),
				UNIQUE KEY record (kind,id),
				KEY state (kind,state)
			) {$collate};"
		);
		update_site_option( self::VERSION_OPTION, self::VERSION );
	}

	/**
	 * Removes the table.
	 *
	 * @since 0.1.0
	 */
	public static function uninstall(): void {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'DROP TABLE IF EXISTS %i', self::table() ) ); // phpcs:ignore WordPress.DB -- Our own table, at the end of its life.
		delete_site_option( self::VERSION_OPTION );
	}

	/**
	 * Adds a row of revision 1.
	 *
	 * @since 0.1.0
	 *
	 * @param string $kind  What the row is.
	 * @param string $id    Its id among those of its kind.
	 * @param string $state Its state.
	 * @param string $body  Its text.
	 * @return bool False if one of this kind and id is there.
	 */
	public static function insert( string $kind, string $id, string $state, string $body ): bool {
		self::install();
		return 1 === self::write( 'INSERT IGNORE INTO %i (kind, id, state, revision, body) VALUES (%s, %s, %s, 1, %s)', $kind, $id, $state, $body );
	}

	/**
	 * Reads one row.
	 *
	 * @since 0.1.0
	 *
	 * @param string $kind What the row is.
	 * @param string $id   Its id.
	 * @return array<string, mixed>|null
	 */
	public static function get( string $kind, string $id ): ?array {
		$rows = self::read( 'SELECT kind, id, state, revision, body FROM %i WHERE kind = %s AND id = %s', $kind, $id );
		return $rows[0] ?? null;
	}

	/**
	 * Reads rows, newest first.
	 *
	 * @since 0.1.0
	 *
	 * @param string      $kind   What the rows are.
	 * @param string|null $state  Their state; null for any.
	 * @param int         $limit  How many at most.
	 * @param int         $offset How many to pass over.
	 * @return array<int, array<string, mixed>>
	 */
	public static function all( string $kind, ?string $state, int $limit, int $offset ): array {
		if ( null === $state ) {
			return self::read( 'SELECT kind, id, state, revision, body FROM %i WHERE kind = %s ORDER BY seq DESC LIMIT %d OFFSET %d', $kind, $limit, $offset );
		}
		return self::read( 'SELECT kind, id, state, revision, body FROM %i WHERE kind = %s AND state = %s ORDER BY seq DESC LIMIT %d OFFSET %d', $kind, $state, $limit, $offset );
	}

	/**
	 * Puts state and text of a row in the place of those of one revision, in one step.
	 *
	 * @since 0.1.0
	 *
	 * @param string $kind     What the row is.
	 * @param string $id       Its id.
	 * @param int    $revision The revision that is replaced.
	 * @param string $state    The new state.
	 * @param string $body     The new text.
	 * @return bool False if the row has another revision.
	 */
	public static function swap( string $kind, string $id, int $revision, string $state, string $body ): bool {
		self::install();
		return 1 === self::write( 'UPDATE %i SET state = %s, body = %s, revision = revision + 1 WHERE kind = %s AND id = %s AND revision = %d', $state, $body, $kind, $id, $revision );
	}

	/**
	 * Name of the table.
	 */
	private static function table(): string {
		global $wpdb;
		return $wpdb->base_prefix . 'codebox_records';
	}

	/**
	 * Whether the table is there and up to date.
	 */
	private static function is_installed(): bool {
		return self::VERSION === get_site_option( self::VERSION_OPTION );
	}

	/**
	 * Runs a statement that writes.
	 *
	 * @param string     $statement The statement; its first placeholder is the table.
	 * @param int|string ...$values Values of the others.
	 * @return int|bool How many rows were written; false after an error.
	 */
	private static function write( string $statement, ...$values ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB -- A table of our own, whose rows must be those of the database. The statements are literals above.
		return $wpdb->query( $wpdb->prepare( $statement, self::table(), ...$values ) );
	}

	/**
	 * Runs a statement that reads. Before the first row is written there is nothing to read.
	 *
	 * @param string     $statement The statement; its first placeholder is the table.
	 * @param int|string ...$values Values of the others.
	 * @return array<int, array<string, mixed>>
	 */
	private static function read( string $statement, ...$values ): array {
		global $wpdb;
		if ( ! self::is_installed() ) {
			return array();
		}
		// phpcs:ignore WordPress.DB -- As above.
		$rows = $wpdb->get_results( $wpdb->prepare( $statement, self::table(), ...$values ), ARRAY_A );
		return array_map( static fn( $row ) => array( 'revision' => (int) $row['revision'] ) + $row, (array) $rows );
	}
}
