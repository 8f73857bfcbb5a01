<?php
/**
 * Puts content into the sandbox: carries out one task of the host.
 *
 * Paths were checked by the host; what a link inside the sandbox does with them is checked here.
 */

namespace WP_Codebox\Sandbox\Content;

use WP_Codebox\Sandbox\Outcome;

require_once __DIR__ . '/files.php';

/**
 * A task that cannot be carried out, and says why.
 */
final class Refused extends \RuntimeException {

	/**
	 * Makes the refusal.
	 *
	 * @param string $reason  A stable word.
	 * @param string $message What it says.
	 */
	public function __construct( public readonly string $reason, string $message ) {
		parent::__construct( $message );
	}
}

/**
 * Carries out a task and leaves its outcome.
 *
 * @param array<string, mixed> $task The host's task: `task` is its name.
 */
function perform( array $task ): void {
	// The host has placed and removed files since PHP last looked.
	clearstatcache( true );
	try {
		Outcome::returned( carry_out( $task ) );
	} catch ( Refused $refused ) {
		Outcome::failed( 'error', $refused->reason, $refused->getMessage() );
	}
}

/**
 * Finds the function of a task.
 *
 * @param array<string, mixed> $task The host's task.
 */
function carry_out( array $task ): mixed {
	switch ( $task['task'] ) {
		case 'make-directory':
			return make_directory( $task['path'] );
		case 'remove-file':
			return remove_file( $task['path'] );
		case 'remove-directory':
			return remove_directory( $task['path'] );
		case 'copy-path':
			return copy_path( $task['from'], $task['to'] );
		case 'move-path':
			return move_path( $task['from'], $task['to'] );
		case 'write-file':
			return write_file( $task['path'], $task['from'] );
		case 'write-files':
			return write_files( $task['path'], $task['from'] );
		case 'unzip':
			require_once __DIR__ . '/archive.php';
			return unzip( $task['archive'], $task['into'] );
		case 'install':
			require_once __DIR__ . '/install.php';
			return install( $task );
		case 'activate-plugin':
			require_once __DIR__ . '/install.php';
			return activate_plugin( $task['plugin'] );
		case 'activate-theme':
			require_once __DIR__ . '/install.php';
			return activate_theme( $task['theme'] );
		case 'run-php':
			require_once __DIR__ . '/site.php';
			return run_php( $task );
		case 'set-options':
			require_once __DIR__ . '/site.php';
			return set_options( $task['options'] );
		case 'define-constants':
			require_once __DIR__ . '/site.php';
			return define_constants( $task['constants'] );
		case 'log-in':
			require_once __DIR__ . '/site.php';
			return log_in( $task['username'] );
		case 'set-user-meta':
			require_once __DIR__ . '/site.php';
			return set_user_meta( $task['userId'], $task['meta'] );
		case 'reset-data':
			require_once __DIR__ . '/site.php';
			return reset_data( $task['kinds'] );
		case 'import-sql':
			require_once __DIR__ . '/class-sql-statements.php';
			require_once __DIR__ . '/sql.php';
			return import_sql( $task['file'], $task['truncate'] );
		case 'import-seed':
			require_once __DIR__ . '/seed.php';
			return import_seed( $task['file'] );
		case 'import-wxr':
			require_once __DIR__ . '/class-wxr-import.php';
			return ( new Wxr_Import( $task ) )->run();
		case 'make-user':
			require_once __DIR__ . '/site.php';
			return make_user( $task['file'] );
	}
	throw new Refused( 'task_unknown', 'The host asked for a task of an unknown kind.' );
}

/**
 * The error as a refusal.
 *
 * @param mixed $result What a function of WordPress returned.
 * @throws Refused If it is an error.
 */
function must( mixed $result ): mixed {
	if ( \is_wp_error( $result ) ) {
		throw new Refused( (string) $result->get_error_code(), html_entity_decode( wp_strip_all_tags( $result->get_error_message() ), ENT_QUOTES | ENT_HTML5 ) );
	}
	return $result;
}
